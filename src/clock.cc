#include "drydock/clock.h"

#include "absl/time/clock.h"

namespace drydock {

RealClock& RealClock::instance() {
  static RealClock clock;
  return clock;
}

absl::Time RealClock::now() const { return absl::Now(); }

}  // namespace drydock
