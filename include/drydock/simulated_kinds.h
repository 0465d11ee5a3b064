// The kinds that only tests know, `inline` and `deferred`, for executors that are made by
// configuration.
//
//   drydock::Simulation simulation;
//   drydock::ExecutorsBuilder builder;
//   drydock::register_simulated_kinds(builder, simulation);
//   builder.use_kinds("*=deferred");
//   auto executors = builder.from_file("executors.yaml");     // the application's own file
//   ...
//   simulation.drain();
//
// `SandboxTest` does this by itself, in the simulation of its sandbox. A program of production
// cannot link this target, and refuses the two kinds with that reason.
#ifndef DRYDOCK_SIMULATED_KINDS_H_
#define DRYDOCK_SIMULATED_KINDS_H_

#include "drydock/executors_builder.h"
#include "drydock/simulation.h"

namespace drydock {

// Adds `inline` (an `InlineExecutor`) and `deferred` (a `DeferredExecutor`), which have no keys.
// All of them share `simulation`, which outlives the executors that are built. Throws as
// `ExecutorsBuilder::register_kind` does where one of them is known already.
ExecutorsBuilder& register_simulated_kinds(ExecutorsBuilder& builder, Simulation& simulation);

}  // namespace drydock

#endif  // DRYDOCK_SIMULATED_KINDS_H_
