// The configuration of executors as it was written, with the place of each part.
#ifndef DRYDOCK_SRC_EXECUTOR_CONFIG_H_
#define DRYDOCK_SRC_EXECUTOR_CONFIG_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace drydock::internal {

// "executors.yaml, line 3, column 9", "src/main.cc:12"
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
  Place kind_place;                            // empty: it has none
  std::vector<ExecutorSetting> settings = {};  // without `kind`
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

// Appends `entry`, unless its name is no word or is taken, or a key stands in it twice.
absl::Status add_entry(ExecutorConfig& config, ExecutorEntry entry);

// Changes kinds by "name=kind,*=kind"; `origin` is what messages call that text.
absl::Status override_kinds(ExecutorConfig& config, const std::string& overrides,
                            const std::string& origin);

// What a text of overrides must be, where it is no list of entries; else "". Names and kinds are
// not looked at.
std::string demand_of_overrides(const std::string& overrides);

// The entries in the order in which they can be made: each behind the one that it stands on.
// Needs `on` to name an entry wherever it is set.
absl::StatusOr<std::vector<const ExecutorEntry*>> in_order_of_making(const ExecutorConfig& config);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_EXECUTOR_CONFIG_H_
