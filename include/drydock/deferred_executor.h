// An executor for tests that only queues: jobs run when the test says `drain()`.
//
//   drydock::DeferredExecutor executor;
//   SignupService service(database, executor, mailer);
//   service.register_user("ada@example.org");
//   EXPECT_EQ(executor.pending_count(), 1);     // the request has returned, the job has not run
//   executor.drain();
//   EXPECT_THAT(mailer.sent, ElementsAre("ada@example.org"));
//
// Use it to look at the moment between the request and its background work, and to find bugs that
// only real asynchrony shows. Where a test only wants the work done, `InlineExecutor` runs each job
// inside `submit`.
#ifndef DRYDOCK_DEFERRED_EXECUTOR_H_
#define DRYDOCK_DEFERRED_EXECUTOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drydock/drain.h"
#include "drydock/executor.h"
#include "drydock/simulation.h"

namespace drydock {

// Any thread may submit, cancel and count; the thread that made the simulation drains. A job's
// exception is kept in the simulation (`Simulation::take_failures`).
class DeferredExecutor : public Executor {
 public:
  // Makes a simulation of its own.
  DeferredExecutor();
  // Shares `simulation` with other executors: one queue, one order, one drain. Jobs that are queued
  // when the executor is destroyed stay in the simulation.
  explicit DeferredExecutor(Simulation& simulation, std::string name = "");
  ~DeferredExecutor() override;

  // Runs what is due of this executor's jobs and of what they submit to it, oldest due time first,
  // ties in submit order. Jobs of the simulation's other deferred executors stay pending.
  DrainReport drain(DrainOptions options = {});

  // Runs the one job that a drain would run first. False: none is due.
  bool run_one();

  // How many of this executor's jobs have not run, due or not.
  std::size_t pending_count() const;

  // These jobs, in the order in which they would run.
  std::vector<PendingJob> pending() const;

  // Submits a job that is due after `period` (or first after `options.delay`, where that is above
  // zero), and again `period` after each due time, under one id, until `cancel(id)`. It runs only
  // when the clock is advanced, so no drain runs for ever because of it, and being pending at the
  // end of a test is no finding. Throws `MisuseError` where `period` is not above zero.
  JobId submit_every(JobOptions options, absl::Duration period, absl::AnyInvocable<void()> job,
                     SourceLocation where = SourceLocation::current());

  // A job that recurs may be cancelled while it runs: then it does not come again.
  bool cancel(JobId id) override;
  bool keeps_strand_order() const override { return true; }

  // The simulation that it stands on, own or shared.
  Simulation& simulation() { return *simulation_; }
  const std::string& name() const { return name_; }

 protected:
  void do_submit(SubmittedJob job) override;
  internal::IdleTarget idle_target() override;
  // As a pool runs what is queued before it ends. Throws as `drain()`.
  std::optional<std::size_t> do_run_queued() override;

 private:
  explicit DeferredExecutor(std::unique_ptr<Simulation> own);

  std::unique_ptr<Simulation> own_;
  Simulation* simulation_;
  std::shared_ptr<internal::Engine> engine_;
  std::string name_;
  int lane_;
};

}  // namespace drydock

#endif  // DRYDOCK_DEFERRED_EXECUTOR_H_
