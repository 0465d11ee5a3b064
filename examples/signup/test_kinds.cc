#include "drydock/simulated_kinds.h"
#include "drydock/simulation.h"
#include "examples/signup/kinds.h"

namespace signup {

// `inline` and `deferred`, too.
drydock::ExecutorsBuilder known_kinds() {
  // Outlives all executors of the program.
  static drydock::Simulation simulation;
  drydock::ExecutorsBuilder builder;
  register_simulated_kinds(builder, simulation);
  return builder;
}

}  // namespace signup
