#include "src/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <thread>
#include <vector>

namespace drydock::internal {
namespace {

TEST(MutexTest, KeepsAThreadOutThatWasStartedUnderTheLock) {
  Mutex mutex;
  bool written = false;
  bool seen = false;
  std::latch started{1};
  mutex.lock();  // where the process has one thread only
  std::thread other([&] {
    started.count_down();
    const MutexLock lock(mutex);
    seen = written;
  });
  started.wait();
  written = true;
  mutex.unlock();
  other.join();
  EXPECT_TRUE(seen);
  const bool is_free = mutex.try_lock();
  EXPECT_TRUE(is_free);
  if (is_free) mutex.unlock();
}

TEST(MutexTest, LetsOneThreadInAtATime) {
  constexpr int kThreads = 4;
  constexpr int kTurns = 20'000;
  Mutex mutex;
  int turns = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        const MutexLock lock(mutex);
        ++turns;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turns, kThreads * kTurns);
}

TEST(CondVarTest, WakesWhoWaitsAndHandsTheLockBack) {
  Mutex mutex;
  CondVar changed;
  int step = 0;
  std::thread other([&] {
    const MutexLock lock(mutex);
    while (step != 1) changed.wait(mutex);
    step = 2;
    changed.notify_all();
  });
  {
    const MutexLock lock(mutex);
    step = 1;
    changed.notify_all();
    while (step != 2) changed.wait(mutex);
  }
  other.join();
}

TEST(CondVarTest, SaysThatTheDeadlineHasPassed) {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  EXPECT_FALSE(never.wait_until(mutex, std::chrono::steady_clock::now()));
}

}  // namespace
}  // namespace drydock::internal
