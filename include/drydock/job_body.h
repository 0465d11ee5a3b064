// What a submitted job runs: any callable, in a form that is cheap to move.
//
// A job moves several times on its way from `submit` through its executor's queue to the thread
// that runs it. `Job`, an `absl::AnyInvocable`, makes two indirect calls each time; here moving a
// small closure that may be copied byte by byte is that copy, and a larger one is a pointer. For
// drydock's own use: application code passes callables and `Job`s.
#ifndef DRYDOCK_JOB_BODY_H_
#define DRYDOCK_JOB_BODY_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace drydock::internal {

class JobBody;

// A callable that stands elsewhere.
template <class Callable>
struct BoxedCallable {
  void operator()() && { std::move (*callable)(); }
  Callable* callable;
};
template <class Callable>
inline constexpr bool kIsBoxed = false;
template <class Callable>
inline constexpr bool kIsBoxed<BoxedCallable<Callable>> = true;

// What can be empty; a function cannot, though it can be compared.
template <class F>
concept NullableCallable =
    !std::is_function_v<std::remove_reference_t<F>> && requires(F & callable) {
  callable == nullptr;
};

template <class F>
concept BodyCallable =
    !std::is_same_v<std::decay_t<F>, JobBody> && std::is_invocable_v<std::decay_t<F>&&>;

// Move-only; empty after a move.
class JobBody {
 public:
  JobBody() = default;

  // Empty where `callable` is a null pointer or an empty std::function or Job.
  // NOLINTBEGIN(google-explicit-constructor, bugprone-forwarding-reference-overload): as Job's
  template <BodyCallable F>
  JobBody(F&& callable) {
    // NOLINTEND(google-explicit-constructor, bugprone-forwarding-reference-overload)
    using Callable = std::decay_t<F>;
    if constexpr (NullableCallable<F>) {
      if (callable == nullptr) return;
    }
    if constexpr (kFits<Callable>) {
      new (words_.data()) Callable(std::forward<F>(callable));
      ops_ = &kOps<Callable>;
    } else {
      new (words_.data()) BoxedCallable<Callable>{new Callable(std::forward<F>(callable))};
      ops_ = &kOps<BoxedCallable<Callable>>;
    }
  }

  JobBody(JobBody&& other) noexcept { take(other); }
  JobBody& operator=(JobBody&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }
  ~JobBody() { reset(); }

  explicit operator bool() const { return ops_ != nullptr; }

  // At most once. The callable lives until `reset()`, or until this is destroyed.
  void operator()() && { ops_->call(words_.data()); }

  void reset() noexcept {
    if (ops_ == nullptr) return;
    if (ops_->destroy != nullptr) ops_->destroy(words_.data());
    ops_ = nullptr;
  }

 private:
  struct Ops {
    void (*call)(void* callable);
    std::size_t words;                                // that the callable takes
    void (*relocate)(void* from, void* to) noexcept;  // null: as bytes
    void (*destroy)(void* callable) noexcept;         // null: nothing to do
  };

  static constexpr std::size_t kWords = 3;
  static constexpr std::size_t kSize = kWords * sizeof(void*);
  // By its size, and by its alignment, which is at most a pointer's.
  template <class Callable>
  static constexpr bool kFits = std::is_nothrow_move_constructible_v<Callable>&& std::max(
                                    sizeof(Callable), alignof(Callable) * kWords) <= kSize;

  template <class Callable>
  static Callable* at(void* bytes) {
    return std::launder(static_cast<Callable*>(bytes));
  }
  template <class Callable>
  static void call(void* callable) {
    std::move (*at<Callable>(callable))();
  }
  template <class Callable>
  static void relocate(void* from, void* to) noexcept {
    new (to) Callable(std::move(*at<Callable>(from)));
    at<Callable>(from)->~Callable();
  }
  template <class Callable>
  static void destroy(void* callable) noexcept {
    if constexpr (kIsBoxed<Callable>) {
      delete at<Callable>(callable)->callable;
    } else {
      at<Callable>(callable)->~Callable();
    }
  }
  template <class Callable>
  static constexpr Ops kOps = {
      call<Callable>, (sizeof(Callable) + sizeof(void*) - 1) / sizeof(void*),
      std::is_trivially_copyable_v<Callable> ? nullptr : relocate<Callable>,
      std::is_trivially_destructible_v<Callable> && !kIsBoxed<Callable> ? nullptr
                                                                        : destroy<Callable>};

  void take(JobBody& other) noexcept {
    if (other.ops_ == nullptr) return;
    if (other.ops_->relocate == nullptr) {
      copy_words(other);
    } else {
      other.ops_->relocate(other.words_.data(), words_.data());
    }
    ops_ = std::exchange(other.ops_, nullptr);
  }

  // Word by word, as most callables have been written just before: a processor that reads what
  // spans two writes waits for both to reach its cache.
  void copy_words(const JobBody& other) noexcept {
    words_[0] = other.words_[0];
    if (other.ops_->words == 1) return;
    words_[1] = other.words_[1];
    if (other.ops_->words == 2) return;
    words_[2] = other.words_[2];
  }

  const Ops* ops_ = nullptr;
  std::array<std::uintptr_t, kWords> words_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_JOB_BODY_H_
