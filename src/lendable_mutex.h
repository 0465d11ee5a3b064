// A mutex that its holder can lend while it is busy with something else, and that tells it
// afterwards whether anybody has had it.
//
// For a loop that lets others in at each turn, though they hardly ever come: it may leave unwritten
// what a turn has changed, as long as whoever takes the mutex first has that written, by `settle`,
// before he sees anything. Where each turn writes all, `Mutex` is the one.
//
//   mutex.lend();
//   run(job);                          // which may lock the mutex
//   if (mutex.take_back()) ++unwritten;  // nobody has had it, `settle` was not called
#ifndef DRYDOCK_SRC_LENDABLE_MUTEX_H_
#define DRYDOCK_SRC_LENDABLE_MUTEX_H_

#include <atomic>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "drydock/single_threaded.h"
#include "src/mutex.h"

namespace drydock::internal {

class ABSL_LOCKABLE LendableMutex {
 public:
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (!mutex_.try_lock()) wait_for_lock();
  }
  void unlock() ABSL_UNLOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }

  // Instead of `unlock()`; the next call of the thread on this mutex is `take_back()`, unless what
  // it runs in between takes it.
  void lend() ABSL_UNLOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (single_threaded()) {
      mutex_.state_.store(Mutex::kLent, std::memory_order_relaxed);
    } else if (mutex_.state_.exchange(Mutex::kLent, std::memory_order_release) == Mutex::kAwaited) {
      mutex_.wake_one();
    }
  }

  // Instead of `lock()`. False: others have had it since `lend()`.
  bool take_back() ABSL_EXCLUSIVE_LOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (single_threaded()) {
      if (mutex_.state_.load(std::memory_order_relaxed) == Mutex::kLent) {
        mutex_.state_.store(Mutex::kHeld, std::memory_order_relaxed);
        return true;
      }
    } else {
      Mutex::State expected = Mutex::kLent;
      if (mutex_.state_.compare_exchange_strong(expected, Mutex::kHeld, std::memory_order_acquire,
                                                std::memory_order_relaxed)) {
        return true;
      }
    }
    lock();
    return false;
  }

  // Called by the first who takes the lent mutex, with the mutex held; set once, at the beginning.
  std::function<void()> settle;

 private:
  // As in `Mutex`: who has slept does not know whether others sleep.
  [[gnu::noinline, gnu::cold]] void wait_for_lock() {
    for (;;) {
      const Mutex::State before =
          mutex_.state_.exchange(Mutex::kAwaited, std::memory_order_acquire);
      if (before == Mutex::kFree) return;
      if (before == Mutex::kLent) return settle();
      mutex_.state_.wait(Mutex::kAwaited, std::memory_order_relaxed);
    }
  }

  Mutex mutex_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LENDABLE_MUTEX_H_
