#include "src/lendable_mutex.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

#include "src/mutex.h"

namespace drydock::internal {
namespace {

TEST(LendableMutexTest, ComesBackUntouchedWhereNobodyWantedIt) {
  LendableMutex mutex;
  int settled = 0;
  mutex.settle = [&] { ++settled; };
  mutex.lock();
  mutex.lend();
  EXPECT_TRUE(mutex.take_back());
  EXPECT_EQ(settled, 0);
  mutex.unlock();
}

TEST(LendableMutexTest, SettlesBeforeTheHolderItselfTakesItMeanwhile) {
  LendableMutex mutex;
  int settled = 0;
  mutex.settle = [&] { ++settled; };
  mutex.lock();
  mutex.lend();
  for (int i = 0; i < 2; ++i) {
    const MutexLock lock(mutex);
    EXPECT_EQ(settled, 1);
  }
  EXPECT_FALSE(mutex.take_back());
  mutex.unlock();
}

TEST(LendableMutexTest, SettlesForAThreadThatWaitsWhenItIsLent) {
  LendableMutex mutex;
  int settled = 0;
  int seen = 0;
  mutex.settle = [&] { ++settled; };
  std::latch looked{1};
  mutex.lock();
  std::thread other([&] {
    {
      const MutexLock lock(mutex);
      seen = settled;
    }
    looked.count_down();
  });
  mutex.lend();
  looked.wait();
  EXPECT_FALSE(mutex.take_back());
  mutex.unlock();
  other.join();
  EXPECT_EQ(seen, 1);
}

// What the holder has not written down stays below what it does per turn, and nobody sees it.
TEST(LendableMutexTest, HidesWhatIsUnwrittenFromManyThreads) {
  constexpr int kTurns = 50'000;
  LendableMutex mutex;
  int written = 0;
  int unwritten = 0;
  mutex.settle = [&] {
    written += unwritten;
    unwritten = 0;
  };
  bool over = false;
  int last = 0;
  std::latch ready{3};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      ready.count_down();
      for (bool done = false; !done;) {
        const MutexLock lock(mutex);
        EXPECT_EQ(unwritten, 0);
        EXPECT_GE(written, last);
        last = written;
        done = over;
      }
    });
  }
  ready.wait();
  mutex.lock();
  for (int turn = 0; turn < kTurns; ++turn) {
    mutex.lend();
    const bool alone = mutex.take_back();
    ++(alone ? unwritten : written);
  }
  mutex.settle();
  over = true;
  mutex.unlock();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, kTurns);
}

}  // namespace
}  // namespace drydock::internal
