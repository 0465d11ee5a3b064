#include "drydock/strategy.h"

#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace drydock {

const char* to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::kTransaction:
      return "transaction";
    case Strategy::kClone:
      return "clone";
  }
  return "unknown strategy";
}

std::ostream& operator<<(std::ostream& out, Strategy strategy) {
  return out << to_string(strategy);
}

absl::StatusOr<Strategy> parse_strategy(std::string_view text) {
  if (text == "transaction") return Strategy::kTransaction;
  if (text == "clone") return Strategy::kClone;
  return absl::InvalidArgumentError("drydock: there is no strategy '" + std::string(text) +
                                    "'. Valid are: transaction, clone.");
}

absl::StatusOr<Strategy> strategy_of_environment() {
  const char* const set = std::getenv("DRYDOCK_STRATEGY");
  const std::string_view text = set == nullptr ? "" : set;
  if (text.empty() || text == "both") return Strategy::kTransaction;
  const absl::StatusOr<Strategy> strategy = parse_strategy(text);
  if (strategy.ok()) return strategy;
  return absl::InvalidArgumentError(
      "drydock: the environment variable DRYDOCK_STRATEGY is '" + std::string(text) +
      "'. Valid are: transaction (a transaction that is rolled back; the default), clone (a "
      "database of its own for each test), both (SandboxTest runs each test under both and reports "
      "where they differ).");
}

}  // namespace drydock
