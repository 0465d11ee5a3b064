// Recurring jobs in real time. What they do on every executor is in executor_recurring_test.cc, and
// in recurring_job_test.cc what they do in simulated time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "drydock/executor_errors.h"
#include "drydock/misuse_error.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/wait_idle.h"
#include "tests/job_gate.h"
#include "tests/plain_executor.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);

TEST(RecurringJobRealTimeTest, NeverRunsTwiceAtATimeThoughItTakesLongerThanItsPeriod) {
  ThreadPoolExecutor pool({.threads = 4});
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::latch enough(50);
  const JobId id = pool.submit_every({}, absl::Nanoseconds(1), [&] {
    most = std::max(most.load(), ++now);
    std::this_thread::yield();
    --now;
    if (!enough.try_wait()) enough.count_down();
  });
  enough.wait();
  EXPECT_TRUE(pool.cancel(id));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(most, 1);
}

TEST(RecurringJobRealTimeTest, FirstRunsAfterItsDelay) {
  ThreadPoolExecutor pool({.threads = 1});
  std::latch ran(1);
  const JobId id =
      pool.submit_every({.delay = absl::Nanoseconds(1)}, absl::Hours(1), [&] { ran.count_down(); });
  ran.wait();
  EXPECT_TRUE(pool.cancel(id));
}

TEST(RecurringJobRealTimeTest, HasRoomInAFullPool) {
  ThreadPoolExecutor pool({.threads = 1, .max_queued = 1});
  std::latch ran(3);
  Gate gate(pool);
  pool.submit([] {});
  EXPECT_THROW(pool.submit([] {}), QueueFullError);
  const JobId id = pool.submit_every({}, absl::Nanoseconds(1), [&] {
    if (!ran.try_wait()) ran.count_down();
  });
  EXPECT_THROW(pool.submit([] {}), QueueFullError);
  gate.open();
  ran.wait();
  EXPECT_TRUE(pool.cancel(id));
}

// Each cancel meets the job in another state; afterwards it runs no more.
TEST(RecurringJobRealTimeTest, NothingRunsAfterACancel) {
  ThreadPoolExecutor pool({.threads = 2});
  for (int round = 0; round < 500; ++round) {
    auto owned = std::make_shared<int>(0);
    std::atomic<bool> running{false};
    std::atomic<int> runs{0};
    const JobId id = pool.submit_every({}, absl::Nanoseconds(1), [&, owned] {
      running = true;
      ++runs;
      running = false;
    });
    for (int i = 0; i < round % 50; ++i) std::this_thread::yield();
    ASSERT_TRUE(pool.cancel(id));
    ASSERT_FALSE(pool.cancel(id));
    while (running) std::this_thread::yield();
    ASSERT_TRUE(pool.wait_idle(kLong).ok());
    const int runs_before = runs;
    ASSERT_TRUE(pool.wait_idle(kLong).ok());
    ASSERT_EQ(runs, runs_before);
    ASSERT_EQ(owned.use_count(), 1) << "its closure is gone";
  }
}

TEST(RecurringJobRealTimeTest, NeedsAPeriodAboveZeroAndAJob) {
  ThreadPoolExecutor pool({.threads = 1});
  const SourceLocation where = SourceLocation::current();
  std::string misuse;
  try {
    pool.submit_every(
        {}, absl::Seconds(-1), [] {}, where);
  } catch (const MisuseError& error) {
    misuse = error.what();
  }
  EXPECT_EQ(misuse, "drydock: submit_every() at " + where.to_string() +
                        " with a period of -1s would run without a pause for ever. Pass a period "
                        "above zero.");
  std::string invalid;
  try {
    pool.submit_every({}, absl::Seconds(1), nullptr, where);
  } catch (const std::invalid_argument& error) {
    invalid = error.what();
  }
  EXPECT_EQ(invalid, "drydock: submit_every() at " + where.to_string() +
                         " was given an empty job. Pass a callable that takes no arguments.");
}

// --- on an executor that only knows jobs that run once --------------------------------------

TEST(RecurringJobRealTimeTest, EachRunIsASubmitUnderTheSameId) {
  HeldExecutor held;
  int runs = 0;
  const JobId id = held.submit_every({.name = "tick", .delay = absl::Seconds(3)}, absl::Hours(1),
                                     [&] { ++runs; });
  ASSERT_EQ(held.jobs.size(), 1U);
  EXPECT_EQ(held.jobs.front().delay(), absl::Seconds(3));
  held.run_one();
  ASSERT_EQ(held.jobs.size(), 1U);
  EXPECT_EQ(held.jobs.front().id(), id);
  EXPECT_EQ(held.jobs.front().name(), "tick");
  EXPECT_GT(held.jobs.front().delay(), absl::Minutes(59)) << "an hour after the first was due";
  held.run_one();
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(held.cancel(id));
  EXPECT_THAT(held.jobs, IsEmpty());
}

TEST(RecurringJobRealTimeTest, SaysSoWhereItsNextRunIsRefused) {
  HeldExecutor held;
  held.submit_every({.name = "tick"}, absl::Hours(1), [] {});
  held.refuse = true;
  held.run_one();
  EXPECT_THAT(held.errors,
              ElementsAre("tick: drydock::JobDroppedError: it will not run again, since the "
                          "executor refused its next run: drydock::QueueFullError: full"));
}

TEST(RecurringJobRealTimeTest, AnExecutorThatEndsDestroysIt) {
  auto owned = std::make_shared<int>(0);
  {
    PlainExecutor plain({.threads = 1});
    SerialExecutor mailbox(plain, "mailbox");
    plain.submit_every({}, absl::Hours(1), [owned] {});
    mailbox.submit_every({}, absl::Hours(1), [owned] {});
    EXPECT_EQ(wait_idle({&mailbox}, absl::Hours(2)), absl::OkStatus());
  }
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace drydock
