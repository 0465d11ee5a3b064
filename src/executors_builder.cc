#include "drydock/executors_builder.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "src/executor_config.h"
#include "src/executor_kinds.h"
#include "src/executor_yaml.h"

namespace drydock {
namespace {

using internal::config_error;
using internal::ExecutorConfig;
using internal::ExecutorEntry;
using internal::ExecutorSetting;

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& entry : map) keys.push_back(entry.first);
  return keys;
}

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

const std::string& ExecutorSettings::name() const { return entry_.name; }

absl::StatusOr<int> ExecutorSettings::integer(std::string_view key, int otherwise, int least,
                                              int most) const {
  const ExecutorSetting* const setting = entry_.find(key);
  if (setting == nullptr) return otherwise;
  int value = 0;
  if (absl::SimpleAtoi(setting->value, &value) && value >= least && value <= most) return value;
  std::string range = "a whole number of at least " + std::to_string(least);
  if (most != std::numeric_limits<int>::max()) range += " and at most " + std::to_string(most);
  return config_error(setting->value_place, "`" + setting->key + "` of executor '" + name() +
                                                "' is '" + setting->value + "', but must be " +
                                                range + ".");
}

std::string ExecutorSettings::text(std::string_view key, std::string otherwise) const {
  const ExecutorSetting* const setting = entry_.find(key);
  if (setting != nullptr) return setting->value;
  return otherwise;
}

ExecutorsBuilder::ExecutorsBuilder() { internal::register_production_kinds(*this); }

ExecutorsBuilder& ExecutorsBuilder::add(std::string name, std::string kind,
                                        std::vector<ExecutorOption> options, SourceLocation where) {
  added_.push_back({std::move(name), std::move(kind), std::move(options), where.to_string()});
  return *this;
}

ExecutorsBuilder& ExecutorsBuilder::register_kind(std::string kind, ExecutorFactory factory,
                                                  std::vector<std::string> keys,
                                                  ExecutorCheck check) {
  const auto [entry, added] = kinds_.try_emplace(
      std::move(kind), Kind{std::move(factory), std::move(keys), std::move(check)});
  if (!added) {
    throw std::invalid_argument("drydock: register_kind(): the kind '" + entry->first +
                                "' is known already. Give yours another name.");
  }
  return *this;
}

ExecutorsBuilder& ExecutorsBuilder::use_kinds(std::string kinds, SourceLocation where) {
  before_environment_.push_back({std::move(kinds), where.to_string()});
  return *this;
}

ExecutorsBuilder& ExecutorsBuilder::override_kinds(std::string kinds, std::string origin) {
  after_environment_.push_back({std::move(kinds), std::move(origin)});
  return *this;
}

absl::StatusOr<Executors> ExecutorsBuilder::build() const { return complete(ExecutorConfig()); }

absl::StatusOr<Executors> ExecutorsBuilder::from_yaml(std::string_view text) const {
  absl::StatusOr<ExecutorConfig> config = internal::parse_executor_yaml(text, "YAML text");
  if (!config.ok()) return config.status();
  return complete(*std::move(config));
}

absl::StatusOr<Executors> ExecutorsBuilder::from_file(const std::string& path) const {
  absl::StatusOr<ExecutorConfig> config = internal::read_executor_yaml(path);
  if (!config.ok()) return config.status();
  return complete(*std::move(config));
}

absl::StatusOr<Executors> ExecutorsBuilder::complete(ExecutorConfig config) const {
  for (const Added& added : added_) {
    ExecutorEntry entry{added.name, added.place, added.kind, added.place};
    for (const ExecutorOption& option : added.options) {
      entry.settings.push_back({option.key, option.value, added.place, added.place});
    }
    absl::Status status = internal::add_entry(config, std::move(entry));
    if (!status.ok()) return status;
  }
  // As it is written, so that a test which overrides every kind still finds a wrong key. A kind
  // that is unknown here is no error yet: it may be overridden.
  for (const ExecutorEntry& entry : config.entries) {
    if (!kinds_.contains(entry.kind)) continue;
    if (absl::Status status = check(config, entry); !status.ok()) return status;
  }
  if (absl::Status status = apply_overrides(config); !status.ok()) return status;
  for (const ExecutorEntry& entry : config.entries) {
    if (absl::Status status = check(config, entry); !status.ok()) return status;
  }
  const absl::StatusOr<std::vector<const ExecutorEntry*>> order =
      internal::in_order_of_making(config);
  if (!order.ok()) return order.status();
  Executors executors;
  for (const ExecutorEntry* const entry : *order) {
    if (absl::Status status = make(*entry, executors); !status.ok()) return status;
  }
  return executors;
}

absl::Status ExecutorsBuilder::apply_overrides(ExecutorConfig& config) const {
  std::vector<Override> overrides = before_environment_;
  if (const char* const variable = std::getenv("DRYDOCK_EXECUTOR")) {
    overrides.push_back({variable, "DRYDOCK_EXECUTOR"});
  }
  overrides.insert(overrides.end(), after_environment_.begin(), after_environment_.end());
  for (const Override& change : overrides) {
    absl::Status status = internal::override_kinds(config, change.kinds, change.origin);
    if (!status.ok()) return status;
  }
  for (ExecutorEntry& entry : config.entries) {
    const auto kind = kinds_.find(entry.kind);
    if (!entry.overridden || kind == kinds_.end()) continue;
    std::erase_if(entry.settings, [&](const ExecutorSetting& setting) {
      return !contains(kind->second.keys, setting.key);
    });
  }
  return absl::OkStatus();
}

absl::Status ExecutorsBuilder::check(const ExecutorConfig& config,
                                     const ExecutorEntry& entry) const {
  if (entry.kind_place.empty()) return internal::missing_kind(entry, keys_of(kinds_));
  const auto kind = kinds_.find(entry.kind);
  if (kind == kinds_.end()) return internal::unknown_kind(entry, keys_of(kinds_));
  absl::Status status = internal::check_keys(entry, kind->second.keys);
  if (status.ok() && contains(kind->second.keys, "on")) {
    status = internal::check_base(config, entry);
  }
  if (status.ok() && kind->second.check) {
    status = kind->second.check(ExecutorSettings(entry, nullptr));
  }
  return status;
}

absl::Status ExecutorsBuilder::make(const ExecutorEntry& entry, Executors& executors) const {
  const ExecutorSetting* const on = entry.find("on");
  Executor* const base = on == nullptr ? nullptr : &executors.get(on->value);
  const ExecutorFactory& factory = kinds_.find(entry.kind)->second.factory;
  try {
    absl::StatusOr<std::unique_ptr<Executor>> made = factory(ExecutorSettings(entry, base));
    if (!made.ok()) return made.status();
    if (*made == nullptr) {
      return config_error(entry.place, "executor '" + entry.name + "' of kind " + entry.kind +
                                           " cannot be made: its factory returned no executor.");
    }
    executors.executors_.push_back({entry.name, entry.kind, *std::move(made)});
  } catch (const std::exception& error) {
    return config_error(entry.place, "executor '" + entry.name + "' of kind " + entry.kind +
                                         " cannot be made: " + error.what());
  }
  return absl::OkStatus();
}

}  // namespace drydock
