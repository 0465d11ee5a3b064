// A mutex with Abseil's thread annotations that costs little while nobody contends for it.
//
// `absl::Mutex` is not used here: Debian builds Abseil without NDEBUG, so that each lock pays for
// its deadlock detector (about 40 ns), and without ThreadSanitizer, which therefore cannot see the
// order that the lock makes. `std::mutex` calls into the C library twice a lock, some 50
// instructions, of which this leaves five.
#ifndef DRYDOCK_SRC_MUTEX_H_
#define DRYDOCK_SRC_MUTEX_H_

#include <atomic>
#include <chrono>
#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "drydock/single_threaded.h"

namespace drydock::internal {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (!try_lock()) wait_for_lock();
  }

  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    if (single_threaded()) {
      if (state_.load(std::memory_order_relaxed) != kFree) return false;
      state_.store(kHeld, std::memory_order_relaxed);
      return true;
    }
    State expected = kFree;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }

  // A thread that was started since the lock was taken may wait for it by now.
  void unlock() ABSL_UNLOCK_FUNCTION() {
    if (single_threaded()) {
      state_.store(kFree, std::memory_order_relaxed);
    } else if (state_.exchange(kFree, std::memory_order_release) == kAwaited) {
      wake_one();
    }
  }

  // For the static analysis, where a callback runs under a lock that it cannot see.
  void assert_held() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  friend class LendableMutex;
  enum State : int {
    kFree,
    kHeld,
    kAwaited,  // held, and a thread may sleep until it is not
    kLent,     // of a LendableMutex
  };

  // Who has slept takes the lock as `kAwaited`, since it does not know whether others sleep.
  [[gnu::noinline, gnu::cold]] void wait_for_lock() {
    while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree) {
      state_.wait(kAwaited, std::memory_order_relaxed);
    }
  }

  // Apart, so that the functions that unlock stay small.
  [[gnu::noinline, gnu::cold]] void wake_one() { state_.notify_one(); }

  std::atomic<State> state_{kFree};
};

template <class Lock>
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Lock& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  Lock& mutex_;
};

class CondVar {
 public:
  template <class Lock>
  void wait(Lock& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition_.wait(mutex);
  }
  // False when `deadline` has passed.
  template <class Lock>
  bool wait_until(Lock& mutex, std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return condition_.wait_until(mutex, deadline) == std::cv_status::no_timeout;
  }
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_MUTEX_H_
