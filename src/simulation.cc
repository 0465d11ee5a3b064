#include "drydock/simulation.h"

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/engine.h"
#include "src/order_setting.h"

namespace drydock {

Simulation::Simulation(SimulationOptions options)
    : engine_(std::make_shared<internal::Engine>(
          options.order ? *options.order : internal::order_of_environment())) {
  if (options.real_times) engine_->journal().keep_real_times();
}
Simulation::~Simulation() = default;

SimulatedClock& Simulation::clock() { return engine_->clock(); }
Journal& Simulation::journal() { return engine_->journal(); }

DrainReport Simulation::drain(const DrainOptions& options) {
  return engine_->drain(options, std::nullopt, "drain()");
}

bool Simulation::run_one() { return engine_->run_one(std::nullopt); }

DrainReport Simulation::advance_by(absl::Duration duration, const DrainOptions& options) {
  return engine_->advance_by(duration, options);
}

DrainReport Simulation::advance_to_next(const DrainOptions& options) {
  return engine_->advance_to_next(options);
}

DrainReport Simulation::advance_until_idle(const DrainOptions& options) {
  return engine_->advance_until_idle(options, std::nullopt);
}

std::vector<JobRun> Simulation::take_failures() { return engine_->take_failures(); }
std::vector<PendingJob> Simulation::pending() const { return engine_->pending(); }
SimulationMark Simulation::mark() const { return engine_->mark(); }
std::vector<PendingJob> Simulation::pending_since(const SimulationMark& mark) const {
  return engine_->pending_since(mark);
}
std::vector<Event> Simulation::events_since(const SimulationMark& mark) const {
  return engine_->events_since(mark);
}
std::vector<Finding> Simulation::findings() const { return engine_->findings(); }
void Simulation::allow(Finding::Kind kind) { engine_->allow(kind); }
absl::Status Simulation::check() const { return engine_->check(); }

}  // namespace drydock
