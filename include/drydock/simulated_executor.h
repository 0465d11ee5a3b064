// What `DeferredExecutor` and `InlineExecutor` have in common: their jobs stand in a simulation.
//
//   void start_clock_work(drydock::SimulatedExecutor& executor, int& sweeps) {
//     executor.submit_every({.name = "sweep"}, absl::Minutes(5), [&sweeps] { ++sweeps; });
//   }
//
// A test makes one of the two; this class is for code that takes either.
#ifndef DRYDOCK_SIMULATED_EXECUTOR_H_
#define DRYDOCK_SIMULATED_EXECUTOR_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "drydock/executor.h"
#include "drydock/simulation.h"

namespace drydock {

// Any thread may submit and cancel. A job's exception does not reach the submitter; it is kept in
// the simulation (`Simulation::take_failures`). Jobs that are queued when the executor is destroyed
// stay in the simulation.
class SimulatedExecutor : public Executor {
 public:
  ~SimulatedExecutor() override;

  bool cancel(JobId id) override;
  bool keeps_strand_order() const override { return true; }

  // The simulation that it stands on, own or shared.
  Simulation& simulation() { return *simulation_; }
  const std::string& name() const { return name_; }

 protected:
  enum class Runs { kWhenDrained, kAtOnce };

  // Makes a simulation of its own.
  explicit SimulatedExecutor(Runs runs);
  // `simulation` outlives it, and is shared with other executors.
  SimulatedExecutor(Runs runs, Simulation& simulation, std::string name);

  void do_submit(SubmittedJob job) override;
  void do_submit_every(SubmittedJob first, absl::Duration period, RecurringJob job) override;
  internal::IdleTarget idle_target() override;

  internal::Engine& engine() const { return *engine_; }
  // Its number in the engine.
  int lane() const { return lane_; }

 private:
  SimulatedExecutor(Runs runs, std::unique_ptr<Simulation> own);

  std::unique_ptr<Simulation> own_;
  Simulation* simulation_;
  std::shared_ptr<internal::Engine> engine_;
  std::string name_;
  int lane_;
};

}  // namespace drydock

#endif  // DRYDOCK_SIMULATED_EXECUTOR_H_
