#include "drydock/deferred_executor.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "src/engine.h"

namespace drydock {

DeferredExecutor::DeferredExecutor() : SimulatedExecutor(Runs::kWhenDrained) {}
DeferredExecutor::DeferredExecutor(Simulation& simulation, std::string name)
    : SimulatedExecutor(Runs::kWhenDrained, simulation, std::move(name)) {}
DeferredExecutor::~DeferredExecutor() = default;

DrainReport DeferredExecutor::drain(DrainOptions options) {
  return engine().drain(options, lane(), "drain()");
}

bool DeferredExecutor::run_one() { return engine().run_one(lane()); }
std::size_t DeferredExecutor::pending_count() const { return engine().pending_count(lane()); }
std::vector<PendingJob> DeferredExecutor::pending() const { return engine().pending(lane()); }

}  // namespace drydock
