// The engine that tests run on: one queue, one clock, one journal for all executors of a test.
//
//   drydock::Simulation simulation;
//   drydock::DeferredExecutor mail(simulation, "mail"), reports(simulation, "reports");
//   MonthlyReport service(mail, reports, simulation.clock());
//   service.start();
//   simulation.advance_by(absl::Hours(24 * 31));
//   EXPECT_TRUE(simulation.drain().status().ok());
//
// `drain` runs what is due, `run_one` the first job of that; `advance_to_next` moves the clock to
// the next due time and drains, `advance_by` through all of a span, `advance_until_idle` until only
// recurring jobs are left. `DeferredExecutor` has the same calls, for its own jobs.
//
// A test with one executor needs none of its own: `DeferredExecutor` and `InlineExecutor` make one.
// A sandbox has one: `Sandbox::simulation()`.
#ifndef DRYDOCK_SIMULATION_H_
#define DRYDOCK_SIMULATION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/drain.h"
#include "drydock/finding.h"
#include "drydock/journal.h"
#include "drydock/simulated_clock.h"
#include "drydock/simulation_mark.h"

namespace drydock {
namespace internal {
class Engine;
}

struct SimulationOptions {
  // Of drains whose `DrainOptions` ask for none. Unset: what DRYDOCK_ORDER (fifo, lifo or shuffle)
  // and DRYDOCK_SEED say, or `--drydock_order` and `--drydock_seed`
  // (drydock/testing/init_testing.h); else fifo.
  std::optional<DrainOrder> order = {};
  // Whether the journal keeps the real time and the thread of each event, for a trace
  // (drydock/trace.h).
  bool real_times = false;
};

// The thread that makes it drives it: `drain`, `run_one` and the `advance` functions throw
// `MisuseError` from any other thread, from inside a job and inside an open transaction. Any thread
// may submit to its executors, cancel, and read its clock, journal, failures and findings.
class Simulation {
 public:
  // Throws `std::invalid_argument` where a variable of the environment has no valid value.
  explicit Simulation(SimulationOptions options = {});
  // Failures that nobody took and findings that nobody looked at must not vanish: they fail the
  // test where the program links the GoogleTest fixture, and are printed to stderr elsewhere. In a
  // sandbox they have failed the test before.
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  SimulatedClock& clock();
  Journal& journal();

  // Runs what is due, and what those jobs submit, oldest due time first, ties in submit order.
  DrainReport drain(const DrainOptions& options = DrainOptions::kDefaults);

  // Runs the one job that a drain would run first. False: none is due.
  bool run_one();

  // Moves the clock by `duration`, stopping at each due time on the way to drain; a job sees its
  // own due time as `now`. A job due exactly at the end runs. Throws `MisuseError` if negative or
  // infinite.
  DrainReport advance_by(absl::Duration duration,
                         const DrainOptions& options = DrainOptions::kDefaults);

  // Moves the clock to the next due time of a job of its executors, if there is one, and drains.
  DrainReport advance_to_next(const DrainOptions& options = DrainOptions::kDefaults);

  // Moves the clock from due time to due time and drains, until no job is to come but recurring
  // ones, those that are never due and those that `options` leaves. Recurring jobs that come due on
  // the way run, but the clock does not go on for them.
  //
  // It is one drain: a job that submits itself again, with a delay or without, ends at
  // `max_generation` or `max_spawned`, for which inline jobs count here too, and recurring jobs may
  // come again `max_spawned` times.
  DrainReport advance_until_idle(const DrainOptions& options = DrainOptions::kDefaults);

  // The failed runs that have not been taken yet. What is not taken fails the test at its end.
  std::vector<JobRun> take_failures();

  // Jobs that have not run, in the order in which they would.
  std::vector<PendingJob> pending() const;

  // For what one block of a test has done:
  //
  //   const auto before = simulation.mark();
  //   service.register_user("ada@example.org");
  //   EXPECT_EQ(simulation.pending_since(before).size(), 1);
  SimulationMark mark() const;
  // Of `pending()`, what was submitted since.
  std::vector<PendingJob> pending_since(const SimulationMark& mark) const;
  // The events since, oldest first.
  std::vector<Event> events_since(const SimulationMark& mark) const;

  // The findings so far whose kind is not allowed. In a sandbox they fail the test all the same;
  // without one, those fail it that neither this nor `check()` has shown to it.
  std::vector<Finding> findings() const;

  // Keeps findings of this kind from failing the test, made before or after.
  void allow(Finding::Kind kind);

  // OK, or everything that would fail the test if it ended now: pending jobs, untaken failures,
  // findings.
  absl::Status check() const;

 private:
  friend class SimulatedExecutor;
  friend class Sandbox;

  std::shared_ptr<internal::Engine> engine_;
};

}  // namespace drydock

#endif  // DRYDOCK_SIMULATION_H_
