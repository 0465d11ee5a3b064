// The configuration of executors as it was written, with the place of each part.
#ifndef DRYDOCK_SRC_EXECUTOR_CONFIG_H_
#define DRYDOCK_SRC_EXECUTOR_CONFIG_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace drydock::internal {

// "executors.yaml, line 3, column 9"
using Place = std::string;

struct ExecutorSetting {
  std::string key;
  std::string value;
  Place key_place;
  Place value_place;
};

struct ExecutorEntry {
  std::string name;
  Place place;
  std::string kind;
  Place kind_place;
  std::vector<ExecutorSetting> settings;  // without `kind`
  bool overridden = false;  // `kind` is not the one that the settings were written for

  const ExecutorSetting* find(std::string_view key) const;
};

struct ExecutorConfig {
  std::vector<ExecutorEntry> entries;

  const ExecutorEntry* find(std::string_view name) const;
  std::vector<std::string> names() const;
};

// "drydock: <place>: <text>"
absl::Status config_error(const Place& place, const std::string& text);

// Reads YAML. `source` is what messages call it. Kinds and keys of executors are not looked at.
absl::StatusOr<ExecutorConfig> parse_executor_config(std::string_view text,
                                                     const std::string& source);

// Changes kinds by "name=kind,name=kind"; `origin` is what messages call that text.
absl::Status override_kinds(ExecutorConfig& config, std::string_view overrides,
                            const std::string& origin);

// The entries in the order in which they can be made: each behind the one that it stands on.
// Needs `on` to name an entry wherever it is set.
absl::StatusOr<std::vector<const ExecutorEntry*>> in_order_of_making(const ExecutorConfig& config);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_EXECUTOR_CONFIG_H_
