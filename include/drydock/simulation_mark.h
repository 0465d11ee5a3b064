// A moment of a simulation, to ask what has happened since; see `Simulation::mark()`.
#ifndef DRYDOCK_SIMULATION_MARK_H_
#define DRYDOCK_SIMULATION_MARK_H_

#include <cstddef>
#include <cstdint>

namespace drydock {
namespace internal {
class Engine;
}

// A value; says nothing by itself, and nothing of another simulation than its own.
class SimulationMark {
 private:
  friend class internal::Engine;
  SimulationMark(std::uint32_t submits, std::size_t events) : submits_(submits), events_(events) {}

  std::uint32_t submits_;
  std::size_t events_;
};

}  // namespace drydock

#endif  // DRYDOCK_SIMULATION_MARK_H_
