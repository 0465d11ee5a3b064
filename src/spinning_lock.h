// Holds a `Mutex` that is never held for long, and spins for a moment before it sleeps on it.
#ifndef DRYDOCK_SRC_SPINNING_LOCK_H_
#define DRYDOCK_SRC_SPINNING_LOCK_H_

#include "absl/base/thread_annotations.h"
#include "src/mutex.h"

namespace drydock::internal {

// Tells the processor that this is a loop that waits.
inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class ABSL_SCOPED_LOCKABLE SpinningLock {
 public:
  explicit SpinningLock(Mutex& mutex)
      ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) ABSL_NO_THREAD_SAFETY_ANALYSIS : mutex_(mutex) {
    if (!mutex.try_lock()) acquire(mutex);
  }
  SpinningLock(const SpinningLock&) = delete;
  SpinningLock& operator=(const SpinningLock&) = delete;
  ~SpinningLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  static constexpr int kTries = 10;

  // The analysis cannot follow a lock that one of several branches takes.
  [[gnu::noinline]] static void acquire(Mutex& mutex) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (int tries = 0; tries < kTries; ++tries) {
      for (int pauses = 0; pauses <= tries; ++pauses) pause_briefly();
      if (mutex.try_lock()) return;
    }
    mutex.lock();
  }

  Mutex& mutex_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SPINNING_LOCK_H_
