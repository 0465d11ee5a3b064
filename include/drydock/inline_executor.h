// An executor for tests that runs each job inside `submit`, on the calling thread.
//
//   drydock::InlineExecutor executor;
//   SignupService service(database, executor, mailer);
//   service.register_user("ada@example.org");
//   EXPECT_THAT(mailer.sent, ElementsAre("ada@example.org"));    // no drain needed
//
// It is a `DeferredExecutor` that drains after each outermost submit: a job submitted by a running
// job runs after it, never inside it, and one submitted inside an open transaction waits for that
// transaction's end (and is reported as `Finding::kSubmittedInTransaction`). Use it where a test
// only wants the work done; use `DeferredExecutor` to look at the moment between.
#ifndef DRYDOCK_INLINE_EXECUTOR_H_
#define DRYDOCK_INLINE_EXECUTOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "drydock/executor.h"
#include "drydock/simulation.h"

namespace drydock {

// Any thread may submit: its jobs run on it. Jobs with a delay wait for the simulated clock. A
// job's exception does not reach the submitter; it is kept in the simulation
// (`Simulation::take_failures`).
class InlineExecutor : public Executor {
 public:
  // Makes a simulation of its own.
  InlineExecutor();
  // Shares `simulation` with other executors.
  explicit InlineExecutor(Simulation& simulation, std::string name = "");
  ~InlineExecutor() override;

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
  // Its jobs have run when `submit` returned.
  std::optional<std::size_t> do_run_queued() override { return 0; }

 private:
  explicit InlineExecutor(std::unique_ptr<Simulation> own);

  std::unique_ptr<Simulation> own_;
  Simulation* simulation_;
  std::shared_ptr<internal::Engine> engine_;
  std::string name_;
  int lane_;
};

}  // namespace drydock

#endif  // DRYDOCK_INLINE_EXECUTOR_H_
