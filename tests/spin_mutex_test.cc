#include "src/spin_mutex.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

#include "src/mutex.h"

namespace drydock::internal {
namespace {

TEST(SpinMutexTest, LetsOneThreadInAtATime) {
  constexpr int kThreads = 4;
  constexpr int kTurns = 20'000;
  SpinMutex mutex;
  int turns = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        const SpinMutexLock lock(mutex);
        ++turns;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turns, kThreads * kTurns);
}

TEST(SpinMutexTest, TryLockTakesItOnlyWhereNobodyHoldsIt) {
  SpinMutex mutex;
  const auto is_free = [&mutex] {
    if (!mutex.try_lock()) return false;
    mutex.unlock();
    return true;
  };
  mutex.lock();
  EXPECT_FALSE(is_free());
  mutex.unlock();
  EXPECT_TRUE(is_free());
  EXPECT_TRUE(is_free());
}

// A holder that the system has put off, or that works for long, for once.
TEST(SpinMutexTest, SleepsWhileItIsHeldForLong) {
  SpinMutex mutex;
  bool written = false;
  bool seen = false;
  std::latch started{1};
  mutex.lock();
  std::thread other([&] {
    started.count_down();
    const SpinMutexLock lock(mutex);
    seen = written;
  });
  started.wait();
  for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
  written = true;
  mutex.unlock();
  other.join();
  EXPECT_TRUE(seen);
}

TEST(SpinMutexTest, CanBeGivenUpForTheTimeOfAWait) {
  SpinMutex mutex;
  CondVar changed;
  int step = 0;
  std::thread other([&] {
    const SpinMutexLock lock(mutex);
    while (step != 1) changed.wait(mutex);
    step = 2;
    changed.notify_all();
  });
  {
    const SpinMutexLock lock(mutex);
    step = 1;
    changed.notify_all();
    while (step != 2) changed.wait(mutex);
  }
  other.join();
  EXPECT_EQ(step, 2);
}

}  // namespace
}  // namespace drydock::internal
