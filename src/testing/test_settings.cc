#include "src/testing/test_settings.h"

#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>

#include "absl/strings/numbers.h"

namespace drydock::internal {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::uint64_t seed_of_this_process() {
  static const std::uint64_t seed = std::random_device()();
  return seed;
}

std::uint64_t seed_from_environment() {
  const std::string text = variable("DRYDOCK_SEED");
  if (text.empty()) return seed_of_this_process();
  std::uint64_t seed = 0;
  if (!absl::SimpleAtoi(text, &seed)) {
    throw std::invalid_argument("drydock: DRYDOCK_SEED is '" + text +
                                "', but must be a whole number from 0 to 18446744073709551615.");
  }
  return seed;
}

DrainOrder order_from_environment() {
  const std::string text = variable("DRYDOCK_ORDER");
  if (text.empty() || text == "fifo") return DrainOrder::fifo();
  if (text == "lifo") return DrainOrder::lifo();
  if (text == "shuffle") return DrainOrder::shuffle(seed_from_environment());
  throw std::invalid_argument("drydock: DRYDOCK_ORDER is '" + text +
                              "', but must be fifo, lifo or shuffle.");
}

}  // namespace

TestSettings TestSettings::from_environment() {
  return {.order = order_from_environment(), .trace_folder = variable("DRYDOCK_TRACE")};
}

std::string describe_order(DrainOrder order) {
  switch (order.kind()) {
    case DrainOrder::kFifo:
      return "";
    case DrainOrder::kLifo:
      return "DRYDOCK_ORDER=lifo";
    case DrainOrder::kShuffle:
      return "DRYDOCK_ORDER=shuffle DRYDOCK_SEED=" + std::to_string(order.seed());
  }
  return "";
}

}  // namespace drydock::internal
