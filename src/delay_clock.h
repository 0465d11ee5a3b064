// Time as delays count it: by the steady clock, which nobody sets, or by a `Clock`.
#ifndef DRYDOCK_SRC_DELAY_CLOCK_H_
#define DRYDOCK_SRC_DELAY_CLOCK_H_

#include <chrono>

#include "absl/time/time.h"
#include "drydock/clock.h"

namespace drydock::internal {

// Thread-safe where the clock is.
class DelayClock {
 public:
  // Null, or the machine's clock: real time.
  explicit DelayClock(const Clock* clock = nullptr)
      : clock_(dynamic_cast<const RealClock*>(clock) == nullptr ? clock : nullptr) {}

  // Since the beginning of this time.
  absl::Duration now() const {
    if (clock_ != nullptr) return clock_->now() - absl::UnixEpoch();
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }

 private:
  const Clock* clock_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DELAY_CLOCK_H_
