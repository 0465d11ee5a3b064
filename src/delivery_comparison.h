// Of a job that a drain runs twice: what its second run has changed in the sandbox's tables.
#ifndef DRYDOCK_SRC_DELIVERY_COMPARISON_H_
#define DRYDOCK_SRC_DELIVERY_COMPARISON_H_

#include <memory>
#include <optional>
#include <string>

#include "drydock/simulation_mark.h"
#include "src/sandbox_state.h"
#include "src/table_contents.h"

namespace drydock::internal {

// An `Engine::DeliveryObserver`; the engine copies it for each job. Writes that leave the tables as
// they were are no change. What other threads write meanwhile is taken for the job's.
class DeliveryComparison {
 public:
  explicit DeliveryComparison(std::weak_ptr<SandboxState> sandbox) : sandbox_(std::move(sandbox)) {}

  // Does not throw: where the tables cannot be read, the sandbox notes a breach.
  std::string operator()(int deliveries);

 private:
  std::string compare(SandboxState& sandbox, int deliveries);

  std::weak_ptr<SandboxState> sandbox_;
  std::optional<TableContents> before_;
  std::optional<SimulationMark> mark_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DELIVERY_COMPARISON_H_
