// The interface through which application code submits background work.
//
// A class that has work to do later takes an `Executor&` in its constructor and submits to it:
//
//   class SignupService {
//    public:
//     SignupService(drydock::Database& database, drydock::Executor& executor);
//     void register_user(const std::string& email) {
//       ...
//       executor_.submit({.name = "send_confirmation"}, [this, email] { send(email); });
//     }
//   };
//
// In production the executor is a `ThreadPoolExecutor`, in a test an `InlineExecutor` or a
// `DeferredExecutor`; `SerialExecutor` stands on any of them and runs one job at a time. Work that
// must not run unless the surrounding transaction commits is submitted through
// `Transaction::submit` instead.
#ifndef DRYDOCK_EXECUTOR_H_
#define DRYDOCK_EXECUTOR_H_

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define DRYDOCK_HAS_SINGLE_THREADED 1
#endif

#include <atomic>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/redelivery.h"
#include "drydock/source_location.h"

namespace drydock {

// Hands out job ids. Executors that share one share the order of their ids.
class JobIdSource {
 public:
  JobId next() {
#ifdef DRYDOCK_HAS_SINGLE_THREADED
    // As libstdc++ counts its shared pointers: an atomic addition costs as much as the rest of a
    // submit, and a process with one thread needs none.
    if (__libc_single_threaded) {
      const std::uint64_t id = last_.load(std::memory_order_relaxed) + 1;
      last_.store(id, std::memory_order_relaxed);
      return JobId(id);
    }
#endif
    return JobId(last_.fetch_add(1, std::memory_order_relaxed) + 1);
  }

 private:
  std::atomic<std::uint64_t> last_{0};
};

// Thread-safe: any thread may submit at any time until the executor is destroyed. A job's exception
// reaches neither the submitter nor other jobs; each executor says where it goes.
class Executor {
 public:
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  // Submits a job that is due at once and named after the place of the call. Returns its id.
  template <class F>
  requires std::is_invocable_v<std::decay_t<F> &&> JobId
  submit(F&& job, SourceLocation where = SourceLocation::current()) {
    const JobId id = ids_->next();
    do_submit(SubmittedJob(id, internal::make_job(std::forward<F>(job)), where));
    return id;
  }

  // Submits a job with a name, a delay, or both. Throws what the executor throws where it cannot
  // take the job (`QueueFullError`, `ExecutorShutDownError`, see each executor), and
  // `std::invalid_argument` for an empty job.
  template <class F>
  requires std::is_invocable_v<std::decay_t<F> &&> JobId
  submit(JobOptions options, F&& job, SourceLocation where = SourceLocation::current()) {
    return submit(std::move(options), internal::make_job(std::forward<F>(job)), where);
  }
  JobId submit(JobOptions options, Job job, SourceLocation where = SourceLocation::current()) {
    const JobId id = ids_->next();
    do_submit(SubmittedJob(id, std::move(options), std::move(job), where));
    return id;
  }

  // Takes a job back that has not started. True: it will never run, and its closure is destroyed.
  // False: it runs, has ended, was cancelled before, or this executor cannot cancel.
  virtual bool cancel(JobId id) {
    static_cast<void>(id);
    return false;
  }

  // Whether jobs that carry the same `SubmittedJob::strand()` run in order, one at a time. A
  // `SerialExecutor` on such an executor hands its jobs on at once; on another it keeps them in a
  // mailbox of its own.
  virtual bool keeps_strand_order() const { return false; }

 protected:
  Executor() : ids_(&own_ids_) {}
  // Takes ids from `ids`, which outlives this executor.
  explicit Executor(JobIdSource& ids) : ids_(&ids) {}

  // What an implementation overrides. Takes the job over; runs it now or later, once, or drops it.
  virtual void do_submit(SubmittedJob job) = 0;

  // Waits for the jobs of `strand`, or for all jobs where it is null, and says in the error what it
  // still waits for. For executors whose jobs run on threads of their own.
  virtual absl::Status do_wait_idle(const void* strand, absl::Duration timeout) {
    static_cast<void>(strand);
    static_cast<void>(timeout);
    return absl::UnimplementedError("drydock: this executor cannot say when it is idle.");
  }

  // The source of another executor's ids, for one that forwards its jobs there: a job keeps its id,
  // so both have to count together.
  static JobIdSource& ids_of(Executor& executor) { return *executor.ids_; }

  // Hands a job that one executor took on to another, under the same id.
  static void forward(Executor& to, SubmittedJob job) { to.do_submit(std::move(job)); }

  // The waiting of another executor, for one that stands on it.
  static absl::Status wait_idle_of(Executor& other, const void* strand, absl::Duration timeout) {
    return other.do_wait_idle(strand, timeout);
  }

 private:
  JobIdSource own_ids_;
  JobIdSource* ids_;
};

}  // namespace drydock

#endif  // DRYDOCK_EXECUTOR_H_
