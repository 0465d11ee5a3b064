// An executor for tests that only queues: jobs run when the test says `drain()`.
//
//   drydock::DeferredExecutor executor;
//   SignupService service(database, executor, mailer);
//   service.register_user("ada@example.org");
//   EXPECT_EQ(executor.pending_count(), 1);     // the request has returned, the job has not run
//   executor.drain();
//   EXPECT_THAT(mailer.sent, ElementsAre("ada@example.org"));
//   executor.advance_until_idle();              // the reminder too, which is due in a week
//
// Use it to look at the moment between the request and its background work, and to find bugs that
// only real asynchrony shows. Where a test only wants the work done, `InlineExecutor` runs each job
// inside `submit`.
#ifndef DRYDOCK_DEFERRED_EXECUTOR_H_
#define DRYDOCK_DEFERRED_EXECUTOR_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "drydock/drain.h"
#include "drydock/simulated_executor.h"
#include "drydock/simulation.h"

namespace drydock {

// Any thread may submit, cancel and count; the thread that made the simulation drains.
class DeferredExecutor : public SimulatedExecutor {
 public:
  // Makes a simulation of its own.
  DeferredExecutor();
  // Shares `simulation` with other executors: one queue, one order, one drain.
  explicit DeferredExecutor(Simulation& simulation, std::string name = "");
  ~DeferredExecutor() override;

  // Runs what is due of this executor's jobs and of what they submit to it, oldest due time first,
  // ties in submit order. Jobs of the simulation's other deferred executors stay pending.
  DrainReport drain(const DrainOptions& options = DrainOptions::kDefaults);

  // Runs the one job that a drain would run first. False: none is due.
  bool run_one();

  // Moves the simulation's clock by `duration`, for all its executors, and runs on the way what
  // `drain()` would. What becomes due of other deferred executors waits for a drain of theirs. To
  // run all jobs in the order of their due times: `Simulation::advance_by`. Throws `MisuseError` if
  // `duration` is negative or infinite.
  DrainReport advance_by(absl::Duration duration,
                         const DrainOptions& options = DrainOptions::kDefaults);

  // The same up to the next due time of a job of this executor, if there is one.
  DrainReport advance_to_next(const DrainOptions& options = DrainOptions::kDefaults);

  // The same until no job of this executor is to come but recurring ones; see
  // `Simulation::advance_until_idle`.
  DrainReport advance_until_idle(const DrainOptions& options = DrainOptions::kDefaults);

  // How many of this executor's jobs have not run, due or not.
  std::size_t pending_count() const;

  // These jobs, in the order in which they would run.
  std::vector<PendingJob> pending() const;

 protected:
  // As a pool runs what is queued before it ends. Throws as `drain()`.
  std::optional<std::size_t> do_run_queued() override;
};

}  // namespace drydock

#endif  // DRYDOCK_DEFERRED_EXECUTOR_H_
