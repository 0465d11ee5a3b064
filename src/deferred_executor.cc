#include "drydock/deferred_executor.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "src/engine.h"

namespace drydock {

DeferredExecutor::DeferredExecutor() : SimulatedExecutor(Runs::kWhenDrained) {}
DeferredExecutor::DeferredExecutor(Simulation& simulation, std::string name)
    : SimulatedExecutor(Runs::kWhenDrained, simulation, std::move(name)) {}
DeferredExecutor::~DeferredExecutor() = default;

DrainReport DeferredExecutor::drain(const DrainOptions& options) {
  return engine().drain(options, lane(), "drain()");
}

bool DeferredExecutor::run_one() { return engine().run_one(lane()); }

DrainReport DeferredExecutor::advance_by(absl::Duration duration, const DrainOptions& options) {
  return engine().advance_by(duration, options, lane());
}

DrainReport DeferredExecutor::advance_to_next(const DrainOptions& options) {
  return engine().advance_to_next(options, lane());
}

DrainReport DeferredExecutor::advance_until_idle(const DrainOptions& options) {
  return engine().advance_until_idle(options, lane());
}

std::size_t DeferredExecutor::pending_count() const { return engine().pending_count(lane()); }
std::vector<PendingJob> DeferredExecutor::pending() const { return engine().pending(lane()); }

std::optional<std::size_t> DeferredExecutor::do_run_queued() {
  const DrainReport report = engine().drain({}, lane(), "Executors::shutdown()");
  // Where a limit has stopped it, it is not to be asked again; the finding tells of it.
  return report.limit.ok() ? report.runs.size() : 0;
}

}  // namespace drydock
