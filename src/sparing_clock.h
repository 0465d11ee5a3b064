// "Since when" for what mostly happens many times within one step of the coarse clock, such as the
// submits of a loop: a reading costs as much as a sixth of a job.
//
// Once 16 readings in succession were as the one before, the next 15 calls get the last one, marked
// as the earliest time that it can have been, which may be long ago where those calls come late; a
// listing says "for up to 2s" of it. Where each call is to have its own time, `coarse_tick()` is
// the one.
#ifndef DRYDOCK_SRC_SPARING_CLOCK_H_
#define DRYDOCK_SRC_SPARING_CLOCK_H_

#include <utility>

#include "drydock/single_threaded.h"
#include "src/coarse_clock.h"

namespace drydock::internal {

// A reading of `coarse_tick()`, marked as the earliest time.
inline CoarseTick earliest(CoarseTick tick) { return tick & ~1U; }
// False: it was then or later; of zero nothing is known.
inline bool is_exact(CoarseTick tick) { return (tick & 1U) != 0; }

class SparingClock {
 public:
  // Zero in a process of one thread, where nobody else can ask for a listing.
  CoarseTick tick() {
    if (single_threaded()) return 0;
    if (spared_ == 0) [[unlikely]] {
      return read();
    }
    --spared_;
    return earliest(last_);
  }

  // One that is exact, after which the next ones are too: where there was a pause, which those that
  // come later should not count in.
  CoarseTick exact_tick() {
    last_ = coarse_tick();
    same_ = spared_ = 0;
    return last_;
  }

 private:
  static constexpr int kMany = 16;

  // Apart: what calls it with each job is to keep its own variables in registers.
  [[gnu::noinline]] CoarseTick read() {
    const CoarseTick now = coarse_tick();
    if (now != std::exchange(last_, now)) {
      same_ = 0;
    } else if (same_ != kMany) {
      ++same_;
    }
    if (same_ == kMany) spared_ = kMany - 1;
    return now;
  }

  CoarseTick last_ = 0;
  int same_ = 0;    // readings in succession that were as the one before
  int spared_ = 0;  // calls still to come that get the last reading
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SPARING_CLOCK_H_
