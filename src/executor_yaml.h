// Reads a configuration of executors from YAML.
#ifndef DRYDOCK_SRC_EXECUTOR_YAML_H_
#define DRYDOCK_SRC_EXECUTOR_YAML_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "src/executor_config.h"

namespace drydock::internal {

// `source` is what messages call the text. Kinds and their keys are not looked at.
absl::StatusOr<ExecutorConfig> parse_executor_yaml(std::string_view text,
                                                   const std::string& source);

// The same for a file.
absl::StatusOr<ExecutorConfig> read_executor_yaml(const std::string& path);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_EXECUTOR_YAML_H_
