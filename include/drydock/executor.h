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

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/redelivery.h"
#include "drydock/single_threaded.h"
#include "drydock/source_location.h"

namespace drydock {

class Clock;  // see drydock/clock.h

namespace internal {

class IdleSource;     // see src/idle_source.h
class RecurringJobs;  // see src/recurring_jobs.h

constexpr int kAllLanes = -1;

// Which jobs a wait is about.
struct IdleTarget {
  IdleSource* source = nullptr;  // null: nobody knows
  int lane = kAllLanes;          // of a simulation: which executor's
  const void* strand = nullptr;  // null: the jobs of all strands, and those of none
  std::string label = {};        // "executor 'mail'"
  bool never_busy = false;       // has no jobs, ever
};

}  // namespace internal

// Hands out job ids. Executors that share one share the order of their ids.
class JobIdSource {
 public:
  JobId next() {
    if (internal::single_threaded()) {
      const std::uint64_t id = last_.load(std::memory_order_relaxed) + 1;
      last_.store(id, std::memory_order_relaxed);
      return JobId(id);
    }
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
  virtual ~Executor();

  // Submits a job that is due at once and named after the place of the call. Returns its id.
  template <class F>
  requires std::is_invocable_v<std::decay_t<F> &&> JobId
  submit(F&& job, SourceLocation where = SourceLocation::current()) {
    const JobId id = ids_->next();
    do_submit(
        SubmittedJob(id, internal::make_body<internal::JobBody>(std::forward<F>(job)), where));
    return id;
  }

  // Submits a job with a name, a delay, or both. Throws what the executor throws where it cannot
  // take the job (`QueueFullError`, `ExecutorShutDownError`, see each executor), and
  // `std::invalid_argument` for an empty job.
  template <class F>
  requires std::is_invocable_v<std::decay_t<F> &&> JobId
  submit(JobOptions options, F&& job, SourceLocation where = SourceLocation::current()) {
    const JobId id = ids_->next();
    do_submit(SubmittedJob(id, std::move(options),
                           internal::make_body<internal::JobBody>(std::forward<F>(job)), where));
    return id;
  }
  JobId submit(JobOptions options, Job job, SourceLocation where = SourceLocation::current()) {
    const JobId id = ids_->next();
    do_submit(SubmittedJob(id, std::move(options), std::move(job), where));
    return id;
  }

  // Taken where the job cannot be called, so that the compiler says what to write, and only that.
  template <class F>
  requires internal::NotAJob<F> JobId submit(F&&) {
    static_assert(
        !internal::NotAJob<F>,
        "drydock: submit() takes a job that is called without arguments: "
        "executor.submit([=] { ... }), or executor.submit({.name = \"...\"}, [=] { ... })");
    return {};
  }
  template <class F>
  requires internal::NotAJob<F> JobId submit(JobOptions, F&& job) { return submit(job); }

  // Submits a job that runs again and again, under one id, until `cancel(id)`: first `period` from
  // now, or after `options.delay` where that is above zero, and then `period` after each time at
  // which it was due. It never runs twice at a time: a run that takes longer than the period puts
  // the next off, and those that are late follow at once, until all are made up for. A run that
  // throws is a failure as any job's, and the next comes all the same. It can be cancelled from
  // inside its own run.
  //
  // On an executor of real threads the time is the real one, or that of the clock it was given; a
  // shutdown ends it, without a report,
  // and lets a run that has begun end. In a simulation it runs when the test advances the clock, so
  // that no drain runs for ever because of it, and being pending at the end is no finding. Nowhere
  // does `wait_idle()` wait for a run that is not due.
  //
  // Throws `MisuseError` where `period` is not above zero, and what `submit` throws.
  JobId submit_every(JobOptions options, absl::Duration period, RecurringJob job,
                     SourceLocation where = SourceLocation::current());

  // Takes a job back that has not started. True: it will never run, and its closure is destroyed;
  // one of `submit_every` that runs will not run again. False: it runs, has ended, was cancelled
  // before, or this executor cannot cancel.
  virtual bool cancel(JobId id);

  // Whether jobs that carry the same `SubmittedJob::strand()` run in order, one at a time. A
  // `SerialExecutor` on such an executor hands its jobs on at once; on another it keeps them in a
  // mailbox of its own.
  virtual bool keeps_strand_order() const { return false; }

 protected:
  Executor();
  // Takes ids from `ids`, which outlives this executor.
  explicit Executor(JobIdSource& ids);

  // What an implementation overrides. Takes the job over; runs it now or later, once, or drops it.
  virtual void do_submit(SubmittedJob job) = 0;

  // Takes a recurring job over; `first` is its first run, without the body. This one submits each
  // run with `do_submit`, in real time or by the clock of `follow_clock`. An executor that hands
  // its jobs to another overrides it and calls `forward_every`, so that the time is the other's.
  virtual void do_submit_every(SubmittedJob first, absl::Duration period, RecurringJob job);
  static void forward_every(Executor& to, SubmittedJob first, absl::Duration period,
                            RecurringJob job) {
    to.do_submit_every(std::move(first), period, std::move(job));
  }
  // What an override of `cancel` calls first, unless `do_submit_every` is overridden too, and then
  // takes back what it has under that id. Empty: it is no job of `submit_every`; else what `cancel`
  // returns.
  std::optional<bool> cancel_recurring(JobId id);

  // For a constructor: what periods go by where this `do_submit_every` stands, in place of real
  // time. `clock` outlives the executor.
  void follow_clock(const Clock& clock);

  // What `wait_idle()` (drydock/wait_idle.h) waits for. An executor that hands its jobs to another
  // returns `idle_target_of(other)`; the default is one that cannot say when it is idle.
  virtual internal::IdleTarget idle_target() { return {}; }
  static internal::IdleTarget idle_target_of(Executor& executor) { return executor.idle_target(); }

  // The end of an executor that is one of several whose jobs submit to each other, step by step;
  // see `Executors::shutdown()`. An executor that has its jobs run by others needs none of them.
  //
  // First: refuses jobs that come from outside of any job, and delayed ones; drops those that wait
  // for a delay. What jobs submit, also those of other executors, it still takes.
  virtual void do_close() {}
  // Runs what is queued, where nobody else would. Returns how many jobs it has run; nothing where
  // jobs run by themselves.
  virtual std::optional<std::size_t> do_run_queued() { return std::nullopt; }
  static std::optional<std::size_t> run_queued_of(Executor& executor) {
    return executor.do_run_queued();
  }
  // Last: does what the destructor does, while the other executors are still there.
  virtual void do_finish() {}

  // The source of another executor's ids, for one that forwards its jobs there: a job keeps its id,
  // so both have to count together.
  static JobIdSource& ids_of(Executor& executor) { return *executor.ids_; }

  // Hands a job that one executor took on to another, under the same id.
  static void forward(Executor& to, SubmittedJob job) { to.do_submit(std::move(job)); }

 private:
  friend class Executors;
  friend absl::Status wait_idle(const std::vector<Executor*>& executors, absl::Duration timeout);

  JobIdSource own_ids_;
  JobIdSource* ids_;
  const std::shared_ptr<internal::RecurringJobs> recurring_;
};

}  // namespace drydock

#endif  // DRYDOCK_EXECUTOR_H_
