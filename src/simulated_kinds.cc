#include "drydock/simulated_kinds.h"

#include <memory>

#include "absl/status/statusor.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace drydock {
namespace {

template <class Kind>
ExecutorFactory factory_of(Simulation& simulation) {
  return
      [&simulation](const ExecutorSettings& settings) -> absl::StatusOr<std::unique_ptr<Executor>> {
        return std::make_unique<Kind>(simulation, settings.name());
      };
}

}  // namespace

ExecutorsBuilder& register_simulated_kinds(ExecutorsBuilder& builder, Simulation& simulation) {
  builder.register_kind("inline", factory_of<InlineExecutor>(simulation));
  builder.register_kind("deferred", factory_of<DeferredExecutor>(simulation));
  return builder;
}

}  // namespace drydock
