#include "src/testing/test_flags.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "src/executor_config.h"
#include "src/order_setting.h"
#include "src/spelling.h"
#include "src/testing/command_line.h"

namespace drydock::internal {
namespace {

struct TestFlag {
  const char* name;
  const char* variable;
  // What the value must be, where it is not; else empty.
  std::string (*demand)(const std::string& value);
};

std::string demand_of_text(const std::string& value) {
  return value.empty() ? "a text that is not empty" : "";
}

constexpr TestFlag kFlags[] = {
    {"--drydock_executor", "DRYDOCK_EXECUTOR", demand_of_overrides},
    {"--drydock_order", "DRYDOCK_ORDER", demand_of_order},
    {"--drydock_schema", "DRYDOCK_SCHEMA", demand_of_text},
    {"--drydock_schema_command", "DRYDOCK_SCHEMA_COMMAND", demand_of_text},
    {"--drydock_schema_inputs", "DRYDOCK_SCHEMA_INPUTS", demand_of_text},
    {"--drydock_schema_key", "DRYDOCK_SCHEMA_KEY", demand_of_text},
    {"--drydock_seed", "DRYDOCK_SEED", demand_of_seed},
};

constexpr char kPrefix[] = "--drydock_";

absl::Status unknown(const std::string& name) {
  std::vector<std::string> names;
  for (const TestFlag& flag : kFlags) names.emplace_back(flag.name);
  return absl::InvalidArgumentError("drydock: there is no flag " + name + "." +
                                    did_you_mean(name, names) + " The flags are " +
                                    comma_separated(names) + ".");
}

}  // namespace

absl::Status take_flags(std::vector<std::string>& arguments) {
  std::vector<std::string> others;
  std::vector<std::pair<const TestFlag*, std::string>> values;
  for (std::string& argument : arguments) {
    if (!argument.starts_with(kPrefix)) {
      others.push_back(std::move(argument));
      continue;
    }
    const std::string name = argument.substr(0, argument.find('='));
    const auto* const flag =
        std::find_if(std::begin(kFlags), std::end(kFlags),
                     [&](const TestFlag& known) { return known.name == name; });
    if (flag == std::end(kFlags)) return unknown(name);
    const std::string value = argument.substr(std::min(argument.size(), name.size() + 1));
    const std::string demand = flag->demand(value);
    if (!demand.empty()) {
      return absl::InvalidArgumentError("drydock: " + name + " is '" + value + "', but must be " +
                                        demand + ". Write " + name + "=value.");
    }
    values.emplace_back(flag, value);
  }
  for (const auto& [flag, value] : values) ::setenv(flag->variable, value.c_str(), 1);
  arguments = std::move(others);
  return absl::OkStatus();
}

const absl::Status& flags_of_this_program() {
  static const auto* const status = [] {
    std::vector<std::string> arguments = command_line();
    return new absl::Status(take_flags(arguments));
  }();
  return *status;
}

}  // namespace drydock::internal
