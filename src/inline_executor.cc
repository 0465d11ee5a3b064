#include "drydock/inline_executor.h"

#include <string>
#include <utility>

namespace drydock {

InlineExecutor::InlineExecutor() : SimulatedExecutor(Runs::kAtOnce) {}
InlineExecutor::InlineExecutor(Simulation& simulation, std::string name)
    : SimulatedExecutor(Runs::kAtOnce, simulation, std::move(name)) {}
InlineExecutor::~InlineExecutor() = default;

}  // namespace drydock
