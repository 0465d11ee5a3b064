// The time that a pool's delays go by, and the alarm of the thread that waits for them.
#ifndef DRYDOCK_SRC_POOL_CLOCK_H_
#define DRYDOCK_SRC_POOL_CLOCK_H_

#include "absl/time/time.h"
#include "drydock/clock.h"
#include "src/clock_listener.h"
#include "src/deadline.h"
#include "src/delay_clock.h"
#include "src/idle_source.h"

namespace drydock::internal {

// Thread-safe. Points in time are spans since the beginning of its time.
class PoolClock final : private ClockListener {
 public:
  // Null: real time. `clock` outlives this.
  explicit PoolClock(Clock* clock);
  ~PoolClock();

  absl::Duration now() const { return time_.now(); }
  // What it will show at `deadline`, as far as is known: where the clock stands still, what it
  // shows now.
  absl::Duration at(SteadyTime deadline) const;

  // Returns by `due` (infinite: never), when the clock was moved, or after `wake()`: to be called
  // in a loop, by one thread.
  void sleep_until(absl::Duration due);
  void wake() { alarm_.tell(); }

 private:
  void clock_moved() override { alarm_.tell(); }

  Clock* const clock_;
  const DelayClock time_;
  IdleListener alarm_;
  const bool stands_still_;  // until somebody moves it
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_POOL_CLOCK_H_
