#include "src/executor_kinds.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "src/spelling.h"

namespace drydock::internal {
namespace {

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

// Why a kind that drydock has is not known here; "" for any other.
std::string known_elsewhere(const std::string& kind) {
  if (kind == "inline" || kind == "deferred") {
    return " is for tests: only a program that links drydock's test-only part and calls "
           "register_simulated_kinds() (drydock/simulated_kinds.h) knows it.";
  }
  if (kind == "asio") {
    return " runs on asio: only a program that links drydock's target asio_kind and calls "
           "register_asio_kind() (drydock/asio_kind.h) knows it.";
  }
  return "";
}

std::string or_none(const std::vector<std::string>& names) {
  return names.empty() ? "none" : comma_separated(names);
}

}  // namespace

void register_production_kinds(ExecutorsBuilder& builder) {
  builder.register_kind(
      "thread_pool", make_thread_pool, {"threads", "max_queued"},
      [](const ExecutorSettings& settings) { return thread_pool_options(settings).status(); });
  builder.register_kind("serial", make_serial, {"on"});
}

absl::Status missing_kind(const ExecutorEntry& entry, const std::vector<std::string>& kinds) {
  return config_error(entry.place, "executor '" + entry.name + "' has no `kind`. Valid kinds: " +
                                       comma_separated(kinds) + ".");
}

absl::Status unknown_kind(const ExecutorEntry& entry, const std::vector<std::string>& kinds) {
  const std::string of = " of executor '" + entry.name + "'";
  const std::string reason = known_elsewhere(entry.kind);
  if (!reason.empty()) {
    return config_error(entry.kind_place, "kind '" + entry.kind + "'" + of + reason +
                                              " Valid kinds here: " + comma_separated(kinds) + ".");
  }
  return config_error(entry.kind_place, "unknown kind '" + entry.kind + "'" + of + "." +
                                            did_you_mean(entry.kind, kinds) +
                                            " Valid kinds: " + comma_separated(kinds) + ".");
}

absl::Status check_keys(const ExecutorEntry& entry, const std::vector<std::string>& keys) {
  std::vector<std::string> valid = keys;
  valid.insert(valid.begin(), "kind");
  for (const ExecutorSetting& setting : entry.settings) {
    if (std::find(keys.begin(), keys.end(), setting.key) != keys.end()) continue;
    return config_error(setting.key_place, "unknown key '" + setting.key + "' of executor '" +
                                               entry.name + "', which is of kind " + entry.kind +
                                               "." + did_you_mean(setting.key, valid) +
                                               " Valid keys: " + comma_separated(valid) + ".");
  }
  return absl::OkStatus();
}

absl::Status check_base(const ExecutorConfig& config, const ExecutorEntry& entry) {
  std::vector<std::string> others = config.names();
  std::erase(others, entry.name);
  const ExecutorSetting* const on = entry.find("on");
  if (on == nullptr) {
    const std::string advice =
        entry.overridden ? " An override changes the kind alone; write `on` where the executor is "
                           "configured (" +
                               entry.place + ")."
                         : "";
    return config_error(entry.kind_place, "executor '" + entry.name + "' of kind " + entry.kind +
                                              " stands on another one, and has no `on` that "
                                              "names it." +
                                              advice + " Other executors: " + or_none(others) +
                                              ".");
  }
  if (config.find(on->value) == nullptr) {
    return config_error(on->value_place, "executor '" + entry.name + "' stands on '" + on->value +
                                             "', but there is no such executor." +
                                             did_you_mean(on->value, others) +
                                             " Other executors: " + or_none(others) + ".");
  }
  return absl::OkStatus();
}

}  // namespace drydock::internal
