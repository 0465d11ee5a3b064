// A lock for a few instructions at a time, taken and given back with each job of a thread pool.
//
// Where nobody contends for it, it costs half of a `Mutex`: giving it back is a plain write, since
// nobody has to be woken. Who finds it held stays away from it, twice as long each time, so that a
// holder that runs has it to itself; after some 10 µs the holder cannot be running, and the thread
// lets others go first, and at last sleeps for moments, since a holder of lower priority may need
// this very processor. For whatever may be held longer than that a `Mutex` is the right one.
#ifndef DRYDOCK_SRC_SPIN_MUTEX_H_
#define DRYDOCK_SRC_SPIN_MUTEX_H_

#include <atomic>
#include <chrono>
#include <thread>

#include "absl/base/thread_annotations.h"

namespace drydock::internal {

// Tells the processor that this is a loop that waits.
inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class ABSL_LOCKABLE SpinMutex {
 public:
  SpinMutex() = default;
  SpinMutex(const SpinMutex&) = delete;
  SpinMutex& operator=(const SpinMutex&) = delete;

  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (held_.exchange(true, std::memory_order_acquire)) wait_for_lock();
  }
  // Never waits.
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    return !held_.load(std::memory_order_relaxed) &&
           !held_.exchange(true, std::memory_order_acquire);
  }
  void unlock() ABSL_UNLOCK_FUNCTION() { held_.store(false, std::memory_order_release); }

 private:
  static constexpr int kFirstPauses = 16;
  static constexpr int kRounds = 5;
  static constexpr int kYields = 20;
  static constexpr std::chrono::microseconds kSleep{50};

  [[gnu::noinline]] void wait_for_lock() {
    int round = 0;
    do {
      if (round < kRounds) {
        for (int pauses = kFirstPauses << round; pauses > 0; --pauses) pause_briefly();
      } else if (round < kRounds + kYields) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(kSleep);
      }
      ++round;
    } while (held_.load(std::memory_order_relaxed) ||
             held_.exchange(true, std::memory_order_acquire));
  }

  std::atomic<bool> held_{false};
};

class ABSL_SCOPED_LOCKABLE SpinMutexLock {
 public:
  explicit SpinMutexLock(SpinMutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  SpinMutexLock(const SpinMutexLock&) = delete;
  SpinMutexLock& operator=(const SpinMutexLock&) = delete;
  ~SpinMutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  SpinMutex& mutex_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SPIN_MUTEX_H_
