#include "src/sparing_clock.h"

#include <gtest/gtest.h>

#include <thread>

#include "src/coarse_clock.h"
#include "tests/idle_thread.h"

namespace drydock::internal {
namespace {

void until_next_step() {
  const CoarseTick before = coarse_tick();
  while (coarse_tick() == before) std::this_thread::yield();
}

TEST(SparingClockTest, FewReadingsAreExact) {
  const IdleThread other;
  SparingClock clock;
  const CoarseTick before = coarse_tick();
  for (int i = 0; i < 10; ++i) {
    const CoarseTick tick = clock.tick();
    EXPECT_TRUE(is_exact(tick)) << i;
    EXPECT_LE(tick - before, coarse_tick() - before);
  }
}

TEST(SparingClockTest, MostOfManyAreTheEarliestTimeThatItCanBe) {
  constexpr int kReadings = 100'000;
  const IdleThread other;
  SparingClock clock;
  int exact = 0;
  CoarseTick last_exact = 0;
  for (int i = 0; i < kReadings; ++i) {
    const CoarseTick tick = clock.tick();
    if (is_exact(tick)) {
      last_exact = tick;
      ++exact;
    } else {
      EXPECT_EQ(tick, earliest(last_exact));
    }
  }
  EXPECT_GE(exact, kReadings / 16);
  EXPECT_LT(exact, kReadings / 2);
}

TEST(SparingClockTest, OnceAReadingDiffersFromTheLastAllOfDifferentTimesAreExact) {
  const IdleThread other;
  SparingClock clock;
  while (is_exact(clock.tick())) continue;
  while (!is_exact(clock.tick())) {
    until_next_step();
  }
  for (int i = 0; i < 20; ++i) {
    until_next_step();
    EXPECT_TRUE(is_exact(clock.tick())) << i;
  }
}

TEST(SparingClockTest, AfterAnExactReadingTheNextOnesAreExactToo) {
  const IdleThread other;
  SparingClock clock;
  while (is_exact(clock.tick())) continue;
  EXPECT_TRUE(is_exact(clock.exact_tick()));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(is_exact(clock.tick())) << i;
}

}  // namespace
}  // namespace drydock::internal
