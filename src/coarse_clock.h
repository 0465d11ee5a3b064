// "Since when", for listings: the time to a few milliseconds, at a fifth of the price of the exact
// one, since the pool asks for it with each job.
#ifndef DRYDOCK_SRC_COARSE_CLOCK_H_
#define DRYDOCK_SRC_COARSE_CLOCK_H_

#include <time.h>

#include <cstdint>

#include "absl/time/time.h"

namespace drydock::internal {

// Nanoseconds of a clock that only moves forward.
using CoarseTime = std::int64_t;

inline CoarseTime coarse_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

inline absl::Duration coarse_age(CoarseTime since) {
  return absl::Nanoseconds(coarse_now() - since);
}

// The same in four bytes, for what is kept a million times: to two milliseconds, and for waits of
// less than seven weeks. Zero is no time; a reading is odd.
using CoarseTick = std::uint32_t;
inline constexpr int kTickBits = 20;  // of nanoseconds

inline CoarseTick coarse_tick() { return static_cast<CoarseTick>(coarse_now() >> kTickBits) | 1U; }

inline absl::Duration coarse_tick_age(CoarseTick since) {
  const CoarseTick ticks = coarse_tick() - since;
  return absl::Nanoseconds(static_cast<std::int64_t>(ticks) << kTickBits);
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_COARSE_CLOCK_H_
