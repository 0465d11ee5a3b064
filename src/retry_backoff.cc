#include "src/retry_backoff.h"

#include <algorithm>
#include <random>
#include <thread>

namespace drydock::internal {

std::chrono::microseconds longest_wait_before_retry(int attempts_so_far) {
  const int doublings = std::clamp(attempts_so_far - 1, 0, 6);
  return std::chrono::microseconds(1000 << doublings);
}

void wait_before_retry(int attempts_so_far) {
  std::random_device random;
  std::uniform_int_distribution<long> wait(0, longest_wait_before_retry(attempts_so_far).count());
  std::this_thread::sleep_for(std::chrono::microseconds(wait(random)));
}

}  // namespace drydock::internal
