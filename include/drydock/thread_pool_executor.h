// The executor of production: a fixed number of threads and one bounded queue.
//
//   drydock::ThreadPoolExecutor pool({.threads = 4, .name = "background"});
//   SignupService signup(database, pool);
//   ...
//   pool.shutdown();                               // the destructor does it too
//
// Jobs start in the order of their submits, delayed ones when they are due. Jobs that must not run
// side by side, since they work on the same object, belong on a `SerialExecutor` that stands on the
// pool. In a test use an `InlineExecutor` or a `DeferredExecutor` instead; where the pool itself is
// to be part of a test, `wait_idle()` waits for it without polling, and its delays can follow the
// test's clock:
//
//   drydock::Simulation simulation;
//   drydock::ThreadPoolExecutor pool({.threads = 2, .clock = &simulation.clock()});
//   pool.submit({.name = "remind", .delay = absl::Hours(24)}, [&] { reminded = true; });
//   simulation.advance_by(absl::Hours(24));        // the job is due
//   EXPECT_TRUE(pool.wait_idle(absl::Seconds(5)).ok());   // and has run
//
// The simulation moves its clock without a look at the pool: `advance_to_next()` knows the
// simulation's own jobs alone, and where one of the pool's has to see the time at which it was due,
// advance in steps with `advance_by()` and wait after each.
#ifndef DRYDOCK_THREAD_POOL_EXECUTOR_H_
#define DRYDOCK_THREAD_POOL_EXECUTOR_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/clock.h"
#include "drydock/executor.h"
#include "drydock/job.h"
#include "drydock/job_failure.h"

namespace drydock {

namespace internal {
class ThreadPool;
int hardware_threads();
}  // namespace internal

struct ThreadPoolOptions {
  // At least 1. By default as many as the machine runs at a time.
  int threads = internal::hardware_threads();
  // How many jobs may wait, delayed ones among them; at least 1. One more is refused with a
  // `QueueFullError`.
  std::size_t max_queued = 10'000;
  // What messages call the pool, and what its threads are named after.
  std::string name = "thread_pool";
  // Told of each job that throws or is dropped; empty: `log_failure`.
  FailureHandler on_failure = {};
  // What delays and periods go by; null: real time. Not owned, outlives the executor. On a clock
  // that stands still until it is moved, as a `SimulatedClock`, jobs become due when it has been;
  // on any other time is taken to pass as it really does. Its `now()` is asked on any thread, and
  // may not submit.
  Clock* clock = nullptr;
};

// Thread-safe. Keeps the memory of its longest queue (about 200 bytes a job) until it is destroyed.
class ThreadPoolExecutor final : public Executor {
 public:
  // Starts the threads. Throws `std::invalid_argument` for options out of range, and
  // `std::system_error` where the machine gives no more threads.
  explicit ThreadPoolExecutor(ThreadPoolOptions options = {});
  // As `shutdown()`. May not run on one of the pool's own threads.
  ~ThreadPoolExecutor() override;

  // Exact: true means that the job will never run. Its closure is destroyed before this returns.
  bool cancel(JobId id) override;

  // Jobs of one strand take turns at the end of the queue, so that a busy strand starves no one.
  bool keeps_strand_order() const override { return true; }

  // Waits until no job runs or is queued: `drydock::wait_idle({this}, timeout)`, see
  // drydock/wait_idle.h, which also waits for several executors at once.
  absl::Status wait_idle(absl::Duration timeout);

  // Orderly: refuses jobs from now on (`ExecutorShutDownError`), runs what is queued and what those
  // jobs submit in turn, and joins the threads. Delayed jobs that are not yet due are dropped, and
  // each is reported to the failure handler as a `JobDroppedError`. A job that submits itself again
  // and again keeps this from returning. Any number of calls. Throws `MisuseError` from a job of
  // this pool.
  void shutdown();
  // The same with a deadline: where jobs are left by then it returns `DeadlineExceeded` with a list
  // of them. They go on; the next `shutdown()`, or the destructor, waits for them.
  absl::Status shutdown(absl::Duration timeout);

  const std::string& name() const;
  int threads() const;

 protected:
  // Throws `QueueFullError` and `ExecutorShutDownError`.
  void do_submit(SubmittedJob job) override;
  internal::IdleTarget idle_target() override;
  void do_close() override;
  void do_finish() override;

 private:
  const std::unique_ptr<internal::ThreadPool> pool_;
};

}  // namespace drydock

#endif  // DRYDOCK_THREAD_POOL_EXECUTOR_H_
