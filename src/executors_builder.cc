#include "drydock/executors_builder.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "src/executor_config.h"
#include "src/spelling.h"

namespace drydock {
namespace {

using internal::config_error;
using internal::ExecutorConfig;
using internal::ExecutorEntry;
using internal::ExecutorSetting;

absl::StatusOr<ThreadPoolOptions> thread_pool_options(const ExecutorSettings& settings) {
  ThreadPoolOptions options{.name = settings.name()};
  const absl::StatusOr<int> threads = settings.integer("threads", options.threads, 1, 10'000);
  if (!threads.ok()) return threads.status();
  const absl::StatusOr<int> max_queued =
      settings.integer("max_queued", static_cast<int>(options.max_queued), 1);
  if (!max_queued.ok()) return max_queued.status();
  options.threads = *threads;
  options.max_queued = static_cast<std::size_t>(*max_queued);
  return options;
}

absl::StatusOr<std::unique_ptr<Executor>> make_thread_pool(const ExecutorSettings& settings) {
  absl::StatusOr<ThreadPoolOptions> options = thread_pool_options(settings);
  if (!options.ok()) return options.status();
  return std::make_unique<ThreadPoolExecutor>(*std::move(options));
}

absl::StatusOr<std::unique_ptr<Executor>> make_serial(const ExecutorSettings& settings) {
  return std::make_unique<SerialExecutor>(settings.base(), settings.name());
}

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& entry : map) keys.push_back(entry.first);
  return keys;
}

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

absl::Status unknown_kind(const ExecutorEntry& entry, const std::vector<std::string>& kinds) {
  const std::string of = " of executor '" + entry.name + "'";
  if (entry.kind == "inline" || entry.kind == "deferred") {
    return config_error(entry.kind_place,
                        "kind '" + entry.kind + "'" + of +
                            " is for tests, and this binary is linked without drydock's test-only "
                            "part. Valid kinds here: " +
                            internal::comma_separated(kinds) + ".");
  }
  return config_error(entry.kind_place, "unknown kind '" + entry.kind + "'" + of + "." +
                                            internal::did_you_mean(entry.kind, kinds) +
                                            " Valid kinds: " + internal::comma_separated(kinds) +
                                            ".");
}

absl::Status check_keys(const ExecutorEntry& entry, const std::vector<std::string>& keys) {
  std::vector<std::string> valid = keys;
  valid.insert(valid.begin(), "kind");
  for (const ExecutorSetting& setting : entry.settings) {
    if (contains(keys, setting.key)) continue;
    return config_error(setting.key_place, "unknown key '" + setting.key + "' of executor '" +
                                               entry.name + "', which is of kind " + entry.kind +
                                               "." + internal::did_you_mean(setting.key, valid) +
                                               " Valid keys: " + internal::comma_separated(valid) +
                                               ".");
  }
  return absl::OkStatus();
}

absl::Status check_base(const ExecutorConfig& config, const ExecutorEntry& entry) {
  std::vector<std::string> others = config.names();
  std::erase(others, entry.name);
  const ExecutorSetting* const on = entry.find("on");
  if (on == nullptr) {
    return config_error(entry.kind_place,
                        "executor '" + entry.name + "' of kind " + entry.kind +
                            " stands on another one, and has no `on` that names it. Other "
                            "executors: " +
                            (others.empty() ? "none" : internal::comma_separated(others)) + ".");
  }
  if (config.find(on->value) == nullptr) {
    return config_error(on->value_place,
                        "executor '" + entry.name + "' stands on '" + on->value +
                            "', but there is no such executor." +
                            internal::did_you_mean(on->value, others) + " Other executors: " +
                            (others.empty() ? "none" : internal::comma_separated(others)) + ".");
  }
  return absl::OkStatus();
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

ExecutorsBuilder::ExecutorsBuilder() {
  register_kind("thread_pool", make_thread_pool, {"threads", "max_queued"});
  kinds_.find("thread_pool")->second.check = [](const ExecutorSettings& settings) {
    return thread_pool_options(settings).status();
  };
  register_kind("serial", make_serial, {"on"});
}

ExecutorsBuilder& ExecutorsBuilder::register_kind(std::string kind, ExecutorFactory factory,
                                                  std::vector<std::string> keys) {
  const auto [entry, added] = kinds_.try_emplace(std::move(kind), Kind{factory, keys, {}});
  if (!added) {
    throw std::invalid_argument("drydock: register_kind(): the kind '" + entry->first +
                                "' is known already. Give yours another name.");
  }
  return *this;
}

ExecutorsBuilder& ExecutorsBuilder::override_kinds(std::string overrides, std::string origin) {
  overrides_.push_back({std::move(overrides), std::move(origin)});
  return *this;
}

absl::StatusOr<Executors> ExecutorsBuilder::from_yaml(std::string_view text) const {
  absl::StatusOr<ExecutorConfig> config = internal::parse_executor_config(text, "YAML text");
  if (!config.ok()) return config.status();
  return build(*std::move(config));
}

absl::StatusOr<Executors> ExecutorsBuilder::from_file(const std::string& path) const {
  std::ifstream file(path);
  std::ostringstream text;
  // A folder opens, and fails when it is read.
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file && !file.eof()) {
    return absl::InvalidArgumentError("drydock: cannot read the configuration of executors '" +
                                      path + "': " + std::strerror(errno) + ".");
  }
  absl::StatusOr<ExecutorConfig> config = internal::parse_executor_config(text.str(), path);
  if (!config.ok()) return config.status();
  return build(*std::move(config));
}

absl::Status ExecutorsBuilder::apply_overrides(ExecutorConfig& config) const {
  if (const char* const variable = std::getenv("DRYDOCK_EXECUTOR")) {
    absl::Status status = internal::override_kinds(config, variable, "DRYDOCK_EXECUTOR");
    if (!status.ok()) return status;
  }
  for (const Override& change : overrides_) {
    absl::Status status = internal::override_kinds(config, change.text, change.origin);
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

absl::Status ExecutorsBuilder::check(const ExecutorConfig& config) const {
  for (const ExecutorEntry& entry : config.entries) {
    if (entry.kind_place.empty()) {
      return config_error(entry.place, "executor '" + entry.name +
                                           "' has no `kind`. Valid kinds: " +
                                           internal::comma_separated(keys_of(kinds_)) + ".");
    }
    const auto kind = kinds_.find(entry.kind);
    if (kind == kinds_.end()) return unknown_kind(entry, keys_of(kinds_));
    if (absl::Status status = check_keys(entry, kind->second.keys); !status.ok()) return status;
    if (contains(kind->second.keys, "on")) {
      if (absl::Status status = check_base(config, entry); !status.ok()) return status;
    }
    if (kind->second.check) {
      absl::Status status = kind->second.check(ExecutorSettings(entry, nullptr));
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Executors> ExecutorsBuilder::build(ExecutorConfig config) const {
  if (absl::Status status = apply_overrides(config); !status.ok()) return status;
  if (absl::Status status = check(config); !status.ok()) return status;
  const absl::StatusOr<std::vector<const ExecutorEntry*>> order =
      internal::in_order_of_making(config);
  if (!order.ok()) return order.status();
  Executors executors;
  for (const ExecutorEntry* const entry : *order) {
    const ExecutorSetting* const on = entry->find("on");
    Executor* const base = on == nullptr ? nullptr : &executors.get(on->value);
    absl::StatusOr<std::unique_ptr<Executor>> made =
        kinds_.find(entry->kind)->second.factory(ExecutorSettings(*entry, base));
    if (!made.ok()) return made.status();
    executors.executors_.push_back({entry->name, *std::move(made)});
  }
  return executors;
}

}  // namespace drydock
