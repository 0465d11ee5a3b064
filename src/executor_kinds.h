// The kinds of executors that production knows, and what is wrong with an entry of one.
#ifndef DRYDOCK_SRC_EXECUTOR_KINDS_H_
#define DRYDOCK_SRC_EXECUTOR_KINDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "drydock/executors_builder.h"
#include "src/executor_config.h"

namespace drydock::internal {

void register_production_kinds(ExecutorsBuilder& builder);

absl::Status missing_kind(const ExecutorEntry& entry, const std::vector<std::string>& kinds);
absl::Status unknown_kind(const ExecutorEntry& entry, const std::vector<std::string>& kinds);

// `keys`: those that the kind has beside `kind`.
absl::Status check_keys(const ExecutorEntry& entry, const std::vector<std::string>& keys);
// Of a kind that stands on another executor.
absl::Status check_base(const ExecutorConfig& config, const ExecutorEntry& entry);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_EXECUTOR_KINDS_H_
