#include "src/pool_clock.h"

#include <chrono>

#include "absl/time/time.h"

namespace drydock::internal {

PoolClock::PoolClock(Clock* clock)
    : clock_(clock), time_(clock), stands_still_(clock != nullptr && clock->add(*this)) {}

PoolClock::~PoolClock() {
  if (stands_still_) clock_->remove(*this);
}

absl::Duration PoolClock::at(SteadyTime deadline) const {
  if (stands_still_) return now();
  return now() + absl::FromChrono(deadline - std::chrono::steady_clock::now());
}

void PoolClock::sleep_until(absl::Duration due) {
  alarm_.wait_until(deadline_after(stands_still_ ? absl::InfiniteDuration() : due - now()));
}

}  // namespace drydock::internal
