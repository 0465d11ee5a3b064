#include "drydock/thread_pool_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor_errors.h"
#include "drydock/misuse_error.h"
#include "tests/job_gate.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(60);

std::string text_of(const absl::Status& status) { return std::string(status.message()); }

// Messages name the place of the submit; a test that compares the whole text passes it itself.
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

// --- wait_idle ------------------------------------------------------------------------------

TEST(ThreadPoolEndTest, WaitIdleOfAFreshPoolReturnsAtOnce) {
  ThreadPoolExecutor pool({.threads = 2});
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_TRUE(pool.wait_idle(absl::ZeroDuration()).ok());
}

TEST(ThreadPoolEndTest, WaitIdleWaitsForWhatJobsSubmitAndForTheirClosures) {
  ThreadPoolExecutor pool({.threads = 2});
  for (int round = 0; round < 300; ++round) {
    std::atomic<int> ran{0};
    auto owned = std::make_shared<int>(1);
    pool.submit([&pool, &ran, owned] {
      for (int i = 0; i < 5; ++i) pool.submit([&ran, owned] { ++ran; });
    });
    ASSERT_TRUE(pool.wait_idle(kLong).ok());
    ASSERT_EQ(ran, 5);
    ASSERT_EQ(owned.use_count(), 1);
  }
}

TEST(ThreadPoolEndTest, WaitIdleListsWhatIsLeftAtTheDeadline) {
  ThreadPoolExecutor pool({.threads = 1, .name = "mail"});
  Gate gate(pool, "resize", kSite);
  pool.submit(
      {.name = "send"}, [] {}, kSite);
  pool.submit(
      {.name = "due", .delay = absl::Hours(2)}, [] {}, kSite);
  const absl::Status status = pool.wait_idle(absl::Milliseconds(20));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(without_times(text_of(status)),
            "drydock: executor 'mail' is not idle after T: 1 job runs and 2 wait:"
            "\n  running for T on thread 'mail-1': 'resize' (#1, submitted at " +
                kAt +
                ")"
                "\n  queued for T: 'send' (#2, submitted at " +
                kAt +
                ")"
                "\n  waiting for its delay, due in T: 'due' (#3, submitted at " +
                kAt + ")");
}

TEST(ThreadPoolEndTest, WaitIdleListsTwentyJobsAndCountsTheOthers) {
  ThreadPoolExecutor pool({.threads = 1});
  Gate gate(pool);
  for (int i = 0; i < 100; ++i) pool.submit([] {});
  const std::string text = text_of(pool.wait_idle(absl::ZeroDuration()));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
  EXPECT_THAT(text, HasSubstr("1 job runs and 100 wait"));
  EXPECT_THAT(text, HasSubstr("\n  … and 81 more"));
}

TEST(ThreadPoolEndTest, WaitIdleWaitsForADelayThatEndsInTimeAndForNoOther) {
  ThreadPoolExecutor pool({.threads = 1});
  std::atomic<bool> ran{false};
  pool.submit({.delay = absl::Milliseconds(20)}, [&] { ran = true; });
  const JobId far = pool.submit({.delay = absl::InfiniteDuration()}, [] {});
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_TRUE(ran);
  EXPECT_TRUE(pool.cancel(far));
}

TEST(ThreadPoolEndTest, WaitIdleFromAJobOfThePoolIsRefusedAtOnce) {
  ThreadPoolExecutor pool({.threads = 2, .name = "mail"});
  std::promise<absl::Status> result;
  pool.submit(
      {.name = "impatient"}, [&] { result.set_value(pool.wait_idle(kLong)); }, kSite);
  const absl::Status status = result.get_future().get();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(text_of(status),
            "drydock: wait_idle() on executor 'mail' was called from job 'impatient' (#1, "
            "submitted at " +
                kAt +
                "), which this executor runs: it would wait for itself. Call it from outside the "
                "executor's jobs; work that follows other work is submitted by the last job of "
                "that.");
}

TEST(ThreadPoolEndTest, SeveralThreadsMayWait) {
  ThreadPoolExecutor pool({.threads = 1});
  Gate gate(pool);
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] { EXPECT_TRUE(pool.wait_idle(kLong).ok()); });
  }
  gate.open();
  for (std::thread& waiter : waiters) waiter.join();
}

// --- shutdown -------------------------------------------------------------------------------

TEST(ThreadPoolEndTest, ShutdownRunsWhatIsQueuedAndWhatThatSubmits) {
  ThreadPoolExecutor pool({.threads = 1});
  std::atomic<int> ran{0};
  Gate gate(pool);
  for (int i = 0; i < 10; ++i) {
    pool.submit([&] {
      ++ran;
      pool.submit([&] { ++ran; });
    });
  }
  gate.open();
  pool.shutdown();
  EXPECT_EQ(ran, 20);
  pool.shutdown();
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
}

TEST(ThreadPoolEndTest, DestructorRunsWhatIsQueued) {
  std::atomic<int> ran{0};
  {
    ThreadPoolExecutor pool({.threads = 2});
    for (int i = 0; i < 1000; ++i) pool.submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPoolEndTest, PoolsThatEndAtOnceLoseNothing) {
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> ran{0};
    {
      ThreadPoolExecutor pool({.threads = 2});
      pool.submit([&] { ++ran; });
    }
    ASSERT_EQ(ran, 1);
  }
}

TEST(ThreadPoolEndTest, SubmitAfterShutdownIsRefusedInWords) {
  ThreadPoolExecutor pool({.threads = 1, .name = "mail"});
  pool.shutdown();
  std::string message;
  try {
    pool.submit(
        {.name = "late"}, [] {}, kSite);
  } catch (const ExecutorShutDownError& error) {
    message = error.what();
  }
  EXPECT_EQ(message, "drydock: executor 'mail' refused job 'late' (#1, submitted at " + kAt +
                         "): it was shut down. Stop those who submit before the executor, and "
                         "declare it before them, so that it is destroyed after them.");
}

TEST(ThreadPoolEndTest, ShutdownDropsDelayedJobsAndReportsEach) {
  Log log;
  ThreadPoolOptions options{.threads = 1, .name = "mail"};
  options.on_failure = [&](const JobFailure& failure) { log.add(failure.to_string()); };
  ThreadPoolExecutor pool(options);
  pool.submit(
      {.name = "remind", .delay = absl::Hours(1)}, [&] { log.add("ran"); }, kSite);
  pool.shutdown();
  EXPECT_THAT(log.entries(),
              ElementsAre("drydock: executor 'mail' dropped job 'remind' (#1, submitted at " + kAt +
                          "): its delay had not passed when the executor was shut down"));
}

TEST(ThreadPoolEndTest, DelayedSubmitFromAJobDuringShutdownIsRefused) {
  ThreadPoolExecutor pool({.threads = 1, .name = "mail"});
  std::string message;
  std::latch shutting_down(1);
  pool.submit([&] {
    shutting_down.wait();
    try {
      pool.submit({.name = "later", .delay = absl::Seconds(1)}, [] {});
    } catch (const ExecutorShutDownError& error) {
      message = error.what();
    }
  });
  // Times out, since the job waits: from here on the pool is closed.
  EXPECT_EQ(pool.shutdown(absl::ZeroDuration()).code(), absl::StatusCode::kDeadlineExceeded);
  shutting_down.count_down();
  pool.shutdown();
  EXPECT_THAT(message, HasSubstr("refused job 'later'"));
  EXPECT_THAT(message, HasSubstr("it was shut down. A shutdown does not wait for delays; submit "
                                 "the job without one."));
}

TEST(ThreadPoolEndTest, ShutdownWithADeadlineListsWhatHasNotEnded) {
  ThreadPoolExecutor pool({.threads = 1, .name = "mail"});
  Gate gate(pool, "slow", kSite);
  const absl::Status status = pool.shutdown(absl::Milliseconds(5));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(without_times(text_of(status)),
            "drydock: executor 'mail' has not ended T after shutdown(): 1 job runs and 0 wait:"
            "\n  running for T on thread 'mail-1': 'slow' (#1, submitted at " +
                kAt + ")");
  gate.open();
  EXPECT_TRUE(pool.shutdown(kLong).ok());
}

TEST(ThreadPoolEndTest, ShutdownFromAJobOfThePoolIsMisuse) {
  ThreadPoolExecutor pool({.threads = 1, .name = "mail"});
  std::promise<std::string> message;
  pool.submit(
      {.name = "last"},
      [&] {
        try {
          pool.shutdown();
        } catch (const MisuseError& error) {
          message.set_value(error.what());
        }
      },
      kSite);
  EXPECT_EQ(message.get_future().get(),
            "drydock: shutdown() of executor 'mail' was called from job 'last' (#1, submitted "
            "at " +
                kAt +
                "), which this executor runs: it would wait for itself. Shut it down, and destroy "
                "it, from the thread that made it, outside its jobs.");
}

}  // namespace
}  // namespace drydock
