// Where code gets the time from, so that tests can set it.
//
// Code that asks for the time takes a `Clock&` in its constructor:
//
//   TokenService(drydock::Clock& clock) : clock_(clock) {}
//   bool expired(const Token& token) { return clock_.now() > token.expires; }
//
// In production pass `RealClock::instance()`; in a test the `SimulatedClock` of the simulation,
// which stands still until the test advances it. The delays of a `ThreadPoolExecutor` follow it
// too, where `ThreadPoolOptions::clock` says so.
#ifndef DRYDOCK_CLOCK_H_
#define DRYDOCK_CLOCK_H_

#include "absl/time/time.h"

namespace drydock {

namespace internal {
class ClockListener;  // see src/clock_listener.h
class PoolClock;      // see src/pool_clock.h
}  // namespace internal

// Thread-safe.
class Clock {
 public:
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual absl::Time now() const = 0;

 protected:
  Clock() = default;

  // For a clock that passes on to another what it is asked: its overrides of `add` and `remove`
  // call these.
  static bool add_to(Clock& clock, internal::ClockListener& listener) {
    return clock.add(listener);
  }
  static void remove_from(Clock& clock, internal::ClockListener& listener) {
    clock.remove(listener);
  }

 private:
  friend class internal::PoolClock;

  // A clock that stands still until somebody moves it overrides both: it returns true, and tells
  // `listener` after each move until `remove`. On the others time passes as it really does.
  virtual bool add(internal::ClockListener& /*listener*/) { return false; }
  virtual void remove(internal::ClockListener& /*listener*/) {}
};

// The machine's clock.
class RealClock final : public Clock {
 public:
  // Has no state; one serves the whole process.
  static RealClock& instance();
  absl::Time now() const override;
};

}  // namespace drydock

#endif  // DRYDOCK_CLOCK_H_
