// Coroutines on executors: each time one goes on after a `co_await`, that is a job.
//
//   drydock::Task<void> SignupFlow::run(std::string email) {
//     const std::int64_t id = insert_user(email);
//     co_await drydock::schedule(executor_, {.name = "send_confirmation"});
//     send_confirmation(id);                                       // in job 'send_confirmation'
//     co_await drydock::schedule(executor_, {.name = "remind", .delay = absl::Hours(24)});
//     send_reminder(id);
//   }
//
//   drydock::start(executor, {.name = "signup"}, flow.run("ada@example.org"));
//
// So a test steps through a coroutine with `run_one()`, runs it up to its delays with `drain()` and
// through them with `advance_until_idle()`, and sees its pieces by name; in production the same
// coroutine runs on a thread pool. A coroutine whose job will not run (cancelled, dropped at
// shutdown, left behind in a simulation) is destroyed with all that it owns. Where one closure
// does, submit a job instead.
#ifndef DRYDOCK_COROUTINE_H_
#define DRYDOCK_COROUTINE_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "drydock/executor.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock {

// What a coroutine type of your own needs for `co_await schedule(…)` and `co_await task`: its
// promise says how the coroutine ends that will never be resumed. `abandon()` destroys the whole
// chain of coroutines that wait for each other; it is called while they are suspended, and on any
// thread. `Task` has it.
template <class Promise>
concept AbandonablePromise = requires(Promise& promise) {
  { promise.abandon() }
  noexcept;
};

namespace internal {

// Who ends a coroutine that will never be resumed.
class CoroutineOwner {
 public:
  CoroutineOwner() = default;
  // Not a constructor, which would take an owner for a promise: it has an `abandon()`, too.
  template <AbandonablePromise Promise>
  static CoroutineOwner of(Promise& promise) noexcept {
    CoroutineOwner owner;
    owner.promise_ = &promise;
    owner.abandon_ = [](void* own) noexcept { static_cast<Promise*>(own)->abandon(); };
    return owner;
  }

  void abandon() const noexcept { abandon_(promise_); }

 private:
  void* promise_ = nullptr;
  void (*abandon_)(void*) noexcept = nullptr;
};

// Submits the job that resumes `coroutine`, or abandons it where it is destroyed unrun. The
// coroutine may be gone when this returns; it is not where this throws.
JobId resume_in_job(Executor& executor, JobOptions options, SourceLocation where,
                    std::coroutine_handle<> coroutine, CoroutineOwner owner);

[[noreturn]] void refuse_to_await(bool moved_from);

}  // namespace internal

// See `schedule`.
class [[nodiscard]] ScheduleAwaiter {
 public:
  ScheduleAwaiter(Executor& executor, JobOptions options, SourceLocation where)
      : executor_(executor), options_(std::move(options)), where_(where) {}

  bool await_ready() const noexcept { return false; }
  // Not inlined, since clang 14 would keep what is on its stack in the frame of the coroutine,
  // which may be gone before this returns.
  template <class Promise>
  [[gnu::noinline]] void await_suspend(std::coroutine_handle<Promise> coroutine) {
    static_assert(
        AbandonablePromise<Promise>,
        "drydock: co_await drydock::schedule(...) stands in a coroutine whose promise has "
        "no abandon(): return drydock::Task<T>, or see drydock/coroutine.h");
    // Else the compiler would go on about what follows from that.
    if constexpr (AbandonablePromise<Promise>) {
      internal::resume_in_job(executor_, std::move(options_), where_, coroutine,
                              internal::CoroutineOwner::of(coroutine.promise()));
    }
  }
  void await_resume() const noexcept {}

 private:
  Executor& executor_;
  JobOptions options_;
  SourceLocation where_;
};

// As `JobOptions`. The name is a view, which `schedule` copies: GCC 12 destroys a temporary twice
// that is written in braces inside of a `co_await`, unless it owns nothing.
struct ScheduleOptions {
  std::string_view name = {};
  absl::Duration delay = absl::ZeroDuration();
};

// `co_await schedule(executor)`: what follows runs as a job of `executor`, submitted here, and so
// with the context, and as a child, of the job that came here. The job is named after this line
// unless `options` has a name. Where the submit throws (`QueueFullError`, `ExecutorShutDownError`),
// the `co_await` throws, and the coroutine goes on where it was. `executor` lives until the job has
// ended.
inline ScheduleAwaiter schedule(Executor& executor, ScheduleOptions options = {},
                                SourceLocation where = SourceLocation::current()) {
  return ScheduleAwaiter(
      executor, JobOptions{.name = std::string(options.name), .delay = options.delay}, where);
}

template <class T>
class Task;

namespace internal {

// What promises of tasks have in common: who waits for the task, and the end.
class TaskPromiseBase {
 public:
  std::suspend_always initial_suspend() const noexcept { return {}; }

  // Goes on with the one who waits, on the same stack level.
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> task) const noexcept {
      return task.promise().waiting_;
    }
    void await_resume() const noexcept {}
  };
  FinalAwaiter final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  void abandon() noexcept { owner_.abandon(); }

 protected:
  void rethrow_error() {
    if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  template <class>
  friend class drydock::Task;
  std::coroutine_handle<> waiting_;
  CoroutineOwner owner_;
  std::exception_ptr error_;
};

template <class T>
class TaskPromise : public TaskPromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class U>
  requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) { value_.emplace(std::forward<U>(value)); }
  T take() {
    rethrow_error();
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> : public TaskPromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() { rethrow_error(); }
};

// Only for the compiler to say what to write. (Were it said in the class `Task`, clang 14 would go
// on about the coroutine.)
template <class T>
requires std::is_reference_v<T>
class TaskPromise<T> : public TaskPromiseBase {
 public:
  Task<T> get_return_object() noexcept {
    static_assert(!std::is_reference_v<T>,
                  "drydock: a drydock::Task returns an object or void: return a pointer, not a "
                  "reference");
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
  }
  void return_value(T) const noexcept {}
  T take();
};

}  // namespace internal

// A coroutine that begins when somebody waits for it, and whose result, a value or an exception, is
// theirs:
//
//   drydock::Task<int> count_users();
//   drydock::Task<void> report() { log(co_await count_users()); }
//
// A task belongs to this object, which destroys it; moving it is cheap. It is awaited once, in
// another task, or given to `start`. It runs on the thread of the one who awaits it until it awaits
// `schedule`; however many tasks end one after another, the stack does not grow (in a build with
// optimisation). `T` is an object or void; return a pointer in place of a reference.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (coroutine_) coroutine_.destroy();
      coroutine_ = std::exchange(other.coroutine_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  class Awaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiting) const noexcept {
      static_assert(AbandonablePromise<Promise>,
                    "drydock: a drydock::Task is awaited in a coroutine whose promise has no "
                    "abandon(): return drydock::Task<T>, or see drydock/coroutine.h");
      coroutine_.promise().waiting_ = waiting;
      if constexpr (AbandonablePromise<Promise>) {
        coroutine_.promise().owner_ = internal::CoroutineOwner::of(waiting.promise());
      }
      return coroutine_;
    }
    T await_resume() const { return coroutine_.promise().take(); }

   private:
    friend class Task;
    explicit Awaiter(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
    std::coroutine_handle<promise_type> coroutine_;
  };
  // The task stays with this object, which lives until it has ended: `co_await std::move(task)`, or
  // `co_await function_that_returns_one()`.
  // Throws `MisuseError` where the task was moved from, or awaited before.
  Awaiter operator co_await() && {
    if (!coroutine_ || coroutine_.promise().waiting_) internal::refuse_to_await(!coroutine_);
    return Awaiter(coroutine_);
  }
  // Taken where the task would stay with its owner, so that the compiler says what to write.
  template <class Self = Task>
  Awaiter operator co_await() const& {
    static_assert(!std::is_same_v<Self, Task>,
                  "drydock: a drydock::Task is awaited once, and given away by that: "
                  "co_await std::move(task), or co_await function_that_returns_one()");
    return Awaiter(coroutine_);
  }
  // Whether there is a task, which a move takes away.
  explicit operator bool() const noexcept { return static_cast<bool>(coroutine_); }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

template <class T>
Task<T> internal::TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
inline Task<void> internal::TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

// Begins `task` as a job of `executor` and lets it go: it belongs to its jobs from here on. The job
// is named after this line unless `options` has a name; a delay is the job's. An exception that
// leaves the task is the failure of the job that it left (where it left none, since something other
// than a job resumed the task, of a job submitted for it). Returns the id of the first job; the
// later ones have ids of their own. Throws what the submit throws. `executor` lives until the task
// has ended.
JobId start(Executor& executor, JobOptions options, Task<void> task,
            SourceLocation where = SourceLocation::current());
inline JobId start(Executor& executor, Task<void> task,
                   SourceLocation where = SourceLocation::current()) {
  return start(executor, {}, std::move(task), where);
}

}  // namespace drydock

#endif  // DRYDOCK_COROUTINE_H_
