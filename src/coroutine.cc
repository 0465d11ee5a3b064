#include "drydock/coroutine.h"

#include <atomic>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "drydock/misuse_error.h"

namespace drydock {
namespace internal {
namespace {

// One resume of a coroutine by a job, for as long as it takes: where a failure of the coroutine's
// goes.
class Step {
 public:
  Step() : outer_(innermost_) { innermost_ = this; }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  ~Step() { innermost_ = outer_; }

  // Null where the calling thread runs no coroutine as a job.
  static Step* innermost() { return innermost_; }

  void fail(std::exception_ptr error) { error_ = std::move(error); }
  void rethrow_failure() {
    if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  Step* const outer_;
  std::exception_ptr error_;

  static inline constinit thread_local Step* innermost_ = nullptr;
};

// The job is on its way, the submit has returned, or the job has been destroyed unrun. While it is
// on its way, the submit may still throw, and then the coroutine goes on.
enum class Handoff { kOnItsWay, kDone, kDestroyed };

// The closure that goes on with a coroutine, and ends it where it is destroyed unrun.
class ResumeJob {
 public:
  ResumeJob(std::coroutine_handle<> coroutine, CoroutineOwner owner,
            std::shared_ptr<std::atomic<Handoff>> handoff)
      : coroutine_(coroutine), owner_(owner), handoff_(std::move(handoff)) {}
  ResumeJob(ResumeJob&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, nullptr)),
        owner_(other.owner_),
        handoff_(std::move(other.handoff_)) {}
  ResumeJob& operator=(ResumeJob&&) = delete;
  ~ResumeJob() {
    if (coroutine_ && handoff_->exchange(Handoff::kDestroyed) == Handoff::kDone) owner_.abandon();
  }

  void operator()() && {
    Step step;
    std::exchange(coroutine_, nullptr).resume();
    step.rethrow_failure();
  }

 private:
  std::coroutine_handle<> coroutine_;
  CoroutineOwner owner_;
  std::shared_ptr<std::atomic<Handoff>> handoff_;
};

// The outermost coroutine of a task that was started. It destroys itself when it ends.
class Root {
 public:
  class Promise {
   public:
    Root get_return_object() { return Root(std::coroutine_handle<Promise>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}

    void unhandled_exception() noexcept {
      if (Step* const step = Step::innermost()) {
        step->fail(std::current_exception());
      } else {
        fail_in_a_job(std::current_exception());
      }
    }
    void abandon() noexcept { std::coroutine_handle<Promise>::from_promise(*this).destroy(); }

   private:
    friend class Root;
    // Something other than a job has resumed the task, and nobody there knows what to do with it.
    void fail_in_a_job(const std::exception_ptr& error) noexcept {
      try {
        executor_->submit({.name = name_}, Job([error] { std::rethrow_exception(error); }), where_);
      } catch (...) {
        const std::string line =
            "drydock: the task that was started at " + where_.to_string() +
            " failed outside any job: " + describe(error) +
            " (and its executor refused a job to report it: " + describe(std::current_exception()) +
            ")\n";
        std::fwrite(line.data(), 1, line.size(), stderr);
      }
    }

    Executor* executor_ = nullptr;
    std::string name_;
    SourceLocation where_;
  };
  using promise_type = Promise;

  static Root of(Task<void> task) { co_await std::move(task); }

  // Its first job. Where that is refused, nothing is left.
  JobId start(Executor& executor, JobOptions options, SourceLocation where) {
    Promise& promise = coroutine_.promise();
    promise.executor_ = &executor;
    promise.name_ = options.name;
    promise.where_ = where;
    try {
      return resume_in_job(executor, std::move(options), where, coroutine_,
                           CoroutineOwner::of(promise));
    } catch (...) {
      coroutine_.destroy();
      throw;
    }
  }

 private:
  explicit Root(std::coroutine_handle<Promise> coroutine) : coroutine_(coroutine) {}
  std::coroutine_handle<Promise> coroutine_;
};

}  // namespace

JobId resume_in_job(Executor& executor, JobOptions options, SourceLocation where,
                    std::coroutine_handle<> coroutine, CoroutineOwner owner) {
  const auto handoff = std::make_shared<std::atomic<Handoff>>(Handoff::kOnItsWay);
  // A `Job`, which a drain does not deliver twice: a coroutine goes on once.
  const JobId id =
      executor.submit(std::move(options), Job(ResumeJob(coroutine, owner, handoff)), where);
  if (handoff->exchange(Handoff::kDone) == Handoff::kDestroyed) owner.abandon();
  return id;
}

void refuse_to_await(bool moved_from) {
  throw MisuseError(std::string("drydock: co_await of a Task that was ") +
                    (moved_from ? "moved from, or given to start(). " : "awaited before. ") +
                    "A task runs once; call the function that returns it again for another one.");
}

}  // namespace internal

JobId start(Executor& executor, JobOptions options, Task<void> task, SourceLocation where) {
  if (!task) {
    throw MisuseError("drydock: start() at " + where.to_string() +
                      " was given a Task that was moved from. A task runs once; call the function "
                      "that returns it again for another one.");
  }
  return internal::Root::of(std::move(task)).start(executor, std::move(options), where);
}

}  // namespace drydock
