#include "drydock/simulated_executor.h"

#include <memory>
#include <string>
#include <utility>

#include "src/engine.h"

namespace drydock {

SimulatedExecutor::SimulatedExecutor(Runs runs)
    : SimulatedExecutor(runs, std::make_unique<Simulation>()) {}

SimulatedExecutor::SimulatedExecutor(Runs runs, std::unique_ptr<Simulation> own)
    : SimulatedExecutor(runs, *own, "") {
  own_ = std::move(own);
}

SimulatedExecutor::SimulatedExecutor(Runs runs, Simulation& simulation, std::string name)
    : Executor(simulation.engine_->job_ids()),
      simulation_(&simulation),
      engine_(simulation.engine_),
      name_(std::move(name)),
      lane_(engine_->add_lane(
          runs == Runs::kAtOnce ? internal::Lane::kInline : internal::Lane::kDeferred, name_)) {}

SimulatedExecutor::~SimulatedExecutor() = default;

bool SimulatedExecutor::cancel(JobId id) { return engine_->cancel(id); }

void SimulatedExecutor::do_submit(SubmittedJob job) { engine_->submit(lane_, std::move(job)); }

void SimulatedExecutor::do_submit_every(SubmittedJob first, absl::Duration period,
                                        RecurringJob job) {
  engine_->submit_every(lane_, std::move(first), period, std::move(job));
}

internal::IdleTarget SimulatedExecutor::idle_target() { return engine_->idle_target(lane_); }

}  // namespace drydock
