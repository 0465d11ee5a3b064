// How long a transaction waits before its body runs again.
#ifndef DRYDOCK_SRC_RETRY_BACKOFF_H_
#define DRYDOCK_SRC_RETRY_BACKOFF_H_

#include <chrono>

namespace drydock::internal {

// Blocks the calling thread: a random time of up to 1 ms after the first attempt, doubled for each
// one more, never over 64 ms. Random, so that two transactions that collided do not collide again.
void wait_before_retry(int attempts_so_far);

// The bound alone.
std::chrono::microseconds longest_wait_before_retry(int attempts_so_far);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RETRY_BACKOFF_H_
