// A GoogleMock `Clock`.
//
//   NiceMock<drydock::MockClock> clock(sandbox().simulation().clock());   // delegates to it
//   EXPECT_CALL(clock, now).WillOnce(Return(absl::FromUnixSeconds(0)));
//
// Constructed with a real clock, it shows that clock's time unless an expectation says otherwise,
// and the timers of a `ThreadPoolExecutor` on the mock wake when that clock is moved; what is due
// then the pool asks `now()`. Constructed without, it is always 1970-01-01 00:00:00 UTC. Where a
// test only needs to set the time, pass `Simulation::clock()` and advance the simulation; the mock
// is for a clock that jumps, runs backwards, or must not be asked.
#ifndef DRYDOCK_MOCK_CLOCK_H_
#define DRYDOCK_MOCK_CLOCK_H_

#include <gmock/gmock.h>

#include "absl/time/time.h"
#include "drydock/clock.h"

namespace drydock {

class MockClock : public Clock {
 public:
  MockClock() = default;
  // `real` outlives this.
  explicit MockClock(Clock& real) : real_(&real) {
    ON_CALL(*this, now).WillByDefault([&real] { return real.now(); });
  }

  MOCK_METHOD(absl::Time, now, (), (const, override));

 private:
  bool add(internal::ClockListener& listener) override {
    return real_ != nullptr && add_to(*real_, listener);
  }
  void remove(internal::ClockListener& listener) override {
    if (real_ != nullptr) remove_from(*real_, listener);
  }

  Clock* const real_ = nullptr;
};

}  // namespace drydock

#endif  // DRYDOCK_MOCK_CLOCK_H_
