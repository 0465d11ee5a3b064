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
#include <optional>
#include <string>

#include "drydock/simulated_executor.h"
#include "drydock/simulation.h"

namespace drydock {

// Any thread may submit: its jobs run on it. Jobs with a delay wait for the simulated clock.
class InlineExecutor : public SimulatedExecutor {
 public:
  // Makes a simulation of its own.
  InlineExecutor();
  // Shares `simulation` with other executors.
  explicit InlineExecutor(Simulation& simulation, std::string name = "");
  ~InlineExecutor() override;

 protected:
  // Its jobs have run when `submit` returned.
  std::optional<std::size_t> do_run_queued() override { return 0; }
};

}  // namespace drydock

#endif  // DRYDOCK_INLINE_EXECUTOR_H_
