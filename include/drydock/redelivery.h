// How a drain runs each job twice, to see whether that does harm.
//
//   DrainReport report = executor.drain({.deliveries = 2});
//
// A queue that delivers at least once, and every retry, may run a job a second time. Application
// code meets nothing of this header: `Executor::submit` and `Transaction::submit` put each callable
// into a `Redeliverable`, which costs a comparison where no drain asks for more.
#ifndef DRYDOCK_REDELIVERY_H_
#define DRYDOCK_REDELIVERY_H_

#include <type_traits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "drydock/job.h"
#include "drydock/job_body.h"

namespace drydock::internal {

// What the thread that runs a job wants of it: the `Redeliverable` in that job takes it.
class Redelivery {
 public:
  Redelivery(const Redelivery&) = delete;
  Redelivery& operator=(const Redelivery&) = delete;

  // The one for the job that the calling thread is running; null where there is none.
  static Redelivery* take() {
    if (wanted_ == nullptr) [[likely]] {
      return nullptr;
    }
    return take_if_for_running_job();
  }

  // Calls `job` as often as is wanted.
  virtual void deliver(absl::FunctionRef<void()> job) = 0;

 protected:
  explicit Redelivery(const SubmittedJob& job) : job_(job), outer_(wanted_) { wanted_ = this; }
  ~Redelivery() { wanted_ = outer_; }

 private:
  static Redelivery* take_if_for_running_job();

  const SubmittedJob& job_;
  Redelivery* const outer_;
  static inline constinit thread_local Redelivery* wanted_ = nullptr;
};

// A callable that a drain can run again. It is the same object both times: a closure that gives
// away what it owns finds that gone in the second run.
template <class F>
struct Redeliverable {
  F callable;

  void operator()() && {
    if (Redelivery* const wanted = Redelivery::take()) {
      wanted->deliver([this] { callable(); });
    } else {
      std::move(callable)();
    }
  }
};

template <class F>
concept JobCallable = std::is_invocable_v<std::decay_t<F> &&>;

template <class F>
concept NotAJob = !JobCallable<F> && !std::is_convertible_v<F, Job>;

// `callable` as what a job runs, a `Job` or a `JobBody`; an empty one where it is a null pointer or
// an empty std::function.
template <class Body, JobCallable F>
Body make_body(F&& callable) {
  using Callable = std::decay_t<F>;
  if constexpr (!std::is_invocable_v<Callable&>) {
    return Body(std::forward<F>(callable));
  } else {
    if constexpr (NullableCallable<F>) {
      if (callable == nullptr) return Body();
    }
    return Body(Redeliverable<Callable>{std::forward<F>(callable)});
  }
}
template <JobCallable F>
Job make_job(F&& callable) {
  return make_body<Job>(std::forward<F>(callable));
}

}  // namespace drydock::internal

#endif  // DRYDOCK_REDELIVERY_H_
