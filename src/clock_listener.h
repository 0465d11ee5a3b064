// Those who wait for a point in time on a clock that somebody moves.
#ifndef DRYDOCK_SRC_CLOCK_LISTENER_H_
#define DRYDOCK_SRC_CLOCK_LISTENER_H_

#include <vector>

#include "absl/base/thread_annotations.h"
#include "src/mutex.h"

namespace drydock::internal {

class ClockListener {
 public:
  ClockListener() = default;
  ClockListener(const ClockListener&) = delete;
  ClockListener& operator=(const ClockListener&) = delete;

  // The mover may hold locks: to be passed on to another thread.
  virtual void clock_moved() = 0;

 protected:
  ~ClockListener() = default;
};

// Thread-safe.
class ClockListeners {
 public:
  void add(ClockListener& listener) {
    const MutexLock lock(mutex_);
    listeners_.push_back(&listener);
  }
  // From its return on the listener is not told any more.
  void remove(ClockListener& listener) {
    const MutexLock lock(mutex_);
    std::erase(listeners_, &listener);
  }
  void tell() {
    const MutexLock lock(mutex_);
    for (ClockListener* const listener : listeners_) listener->clock_moved();
  }

 private:
  Mutex mutex_;
  std::vector<ClockListener*> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CLOCK_LISTENER_H_
