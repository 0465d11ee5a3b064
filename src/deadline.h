// A point on the steady clock, from a duration that may be infinite or negative.
#ifndef DRYDOCK_SRC_DEADLINE_H_
#define DRYDOCK_SRC_DEADLINE_H_

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace drydock::internal {

using SteadyTime = std::chrono::steady_clock::time_point;

// `timeout` from now; ten years at most, so that nothing overflows on the way to the kernel.
inline SteadyTime deadline_after(absl::Duration timeout) {
  const absl::Duration longest = absl::Hours(24 * 3653);
  return std::chrono::steady_clock::now() +
         absl::ToChronoNanoseconds(std::clamp(timeout, absl::ZeroDuration(), longest));
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DEADLINE_H_
