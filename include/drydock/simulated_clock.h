// A clock that stands still until the test moves it.
//
// Pass `simulation.clock()` wherever the application takes a `Clock&`; then
// `simulation.advance_by(absl::Hours(24))` is a day, and every job due in it runs at its own time.
#ifndef DRYDOCK_SIMULATED_CLOCK_H_
#define DRYDOCK_SIMULATED_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "drydock/clock.h"

namespace drydock {
namespace internal {
class ClockListeners;
class Engine;
}  // namespace internal

// Starts at 2000-01-01 00:00:00 UTC, in every test. Thread-safe to read; the simulation moves it.
class SimulatedClock final : public Clock {
 public:
  SimulatedClock();
  ~SimulatedClock() override;
  absl::Time now() const override {
    return absl::FromUnixNanos(unix_nanos_.load(std::memory_order_relaxed));
  }

 private:
  friend class internal::Engine;
  static constexpr std::int64_t kStart = 946'684'800'000'000'000;

  void move_to(std::int64_t unix_nanos);
  bool add(internal::ClockListener& listener) override;
  void remove(internal::ClockListener& listener) override;

  std::atomic<std::int64_t> unix_nanos_{kStart};
  const std::unique_ptr<internal::ClockListeners> listeners_;
};

}  // namespace drydock

#endif  // DRYDOCK_SIMULATED_CLOCK_H_
