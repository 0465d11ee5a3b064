#include "src/order_setting.h"

#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>

#include "absl/strings/numbers.h"

namespace drydock::internal {
namespace {

constexpr char kOrder[] = "DRYDOCK_ORDER";
constexpr char kSeed[] = "DRYDOCK_SEED";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void check(const char* name, const std::string& value, const std::string& demand) {
  if (demand.empty()) return;
  throw std::invalid_argument(std::string("drydock: ") + name + " is '" + value +
                              "', but must be " + demand + ".");
}

std::uint64_t seed_of_this_process() {
  static const std::uint64_t seed = std::random_device()();
  return seed;
}

std::uint64_t seed_of_environment() {
  const std::string text = variable(kSeed);
  if (text.empty()) return seed_of_this_process();
  check(kSeed, text, demand_of_seed(text));
  std::uint64_t seed = 0;
  static_cast<void>(absl::SimpleAtoi(text, &seed));
  return seed;
}

}  // namespace

std::string demand_of_order(const std::string& text) {
  return text == "fifo" || text == "lifo" || text == "shuffle" ? "" : "fifo, lifo or shuffle";
}

std::string demand_of_seed(const std::string& text) {
  std::uint64_t seed = 0;
  return absl::SimpleAtoi(text, &seed) ? "" : "a whole number from 0 to 18446744073709551615";
}

DrainOrder order_of_environment() {
  const std::string text = variable(kOrder);
  if (text.empty()) return DrainOrder::fifo();
  check(kOrder, text, demand_of_order(text));
  if (text == "lifo") return DrainOrder::lifo();
  return text == "fifo" ? DrainOrder::fifo() : DrainOrder::shuffle(seed_of_environment());
}

std::string describe_order(DrainOrder order) {
  switch (order.kind()) {
    case DrainOrder::kFifo:
      return "";
    case DrainOrder::kLifo:
      return "--drydock_order=lifo";
    case DrainOrder::kShuffle:
      return "--drydock_order=shuffle --drydock_seed=" + std::to_string(order.seed());
  }
  return "";
}

}  // namespace drydock::internal
