#include "drydock/thread_pool_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "drydock/executor_errors.h"
#include "tests/job_gate.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(60);

// Messages name the place of the submit; a test that compares the whole text passes it itself.
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

TEST(ThreadPoolExecutorTest, RunsAJobOnAThreadOfItsOwn) {
  ThreadPoolExecutor pool({.threads = 1});
  std::promise<std::thread::id> ran;
  pool.submit([&] { ran.set_value(std::this_thread::get_id()); });
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
}

TEST(ThreadPoolExecutorTest, OneThreadRunsJobsInTheOrderOfTheirSubmits) {
  ThreadPoolExecutor pool({.threads = 1});
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) pool.submit([&order, i] { order.push_back(i); });
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  std::vector<int> expected(1000);
  for (int i = 0; i < 1000; ++i) expected[i] = i;
  EXPECT_EQ(order, expected);
}

TEST(ThreadPoolExecutorTest, JobsThatNeedEachOtherRunSideBySide) {
  ThreadPoolExecutor pool({.threads = 2});
  for (int round = 0; round < 2000; ++round) {
    std::latch both(2);
    // From outside, and from inside a job: neither may wait behind the other.
    pool.submit([&pool, &both] {
      pool.submit([&both] { both.arrive_and_wait(); });
      both.arrive_and_wait();
    });
    ASSERT_TRUE(pool.wait_idle(kLong).ok());
  }
}

TEST(ThreadPoolExecutorTest, ThreadsAreNamedAfterThePool) {
  ThreadPoolExecutor pool({.threads = 1, .name = "thumbnails-of-images"});
  std::promise<std::string> name;
  pool.submit([&] {
    char text[16];
    pthread_getname_np(pthread_self(), text, sizeof text);
    name.set_value(text);
  });
  EXPECT_EQ(name.get_future().get(), "thumbnails-of-1");
}

TEST(ThreadPoolExecutorTest, JobSeesTheContextAndTheParentsOfItsSubmit) {
  static const ContextSlot<std::string> request("request");
  ThreadPoolExecutor pool({.threads = 1});
  Log log;
  {
    const ScopedContext<std::string> scope(request, "r-17");
    pool.submit({.name = "outer"}, [&] {
      pool.submit({.name = "inner"}, [&] {
        log.add(*request.get() + " " + current_job()->name() + " of " +
                current_job()->ancestors().at(0).name);
      });
    });
  }
  pool.submit([&] { log.add(request.get() == nullptr ? "none" : *request.get()); });
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_THAT(log.entries(), ::testing::UnorderedElementsAre("r-17 inner of outer", "none"));
}

// --- failures -------------------------------------------------------------------------------

TEST(ThreadPoolExecutorTest, ExceptionGoesToTheHandlerWithTheJobAndItsParents) {
  Log log;
  ThreadPoolOptions options{.threads = 1, .name = "mail"};
  options.on_failure = [&](const JobFailure& failure) { log.add(failure.to_string()); };
  ThreadPoolExecutor pool(options);
  pool.submit(
      {.name = "import"},
      [&] {
        pool.submit(
            {.name = "send"}, [] { throw std::runtime_error("no such host"); }, kSite);
      },
      kSite);
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  pool.submit([&] { log.add("after"); });
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_THAT(log.entries(), ElementsAre("drydock: executor 'mail': job 'send' (#2, submitted at " +
                                             kAt + "), submitted by 'import' (#1, submitted at " +
                                             kAt + ") failed: std::runtime_error: no such host",
                                         "after"));
}

TEST(ThreadPoolExecutorTest, FailureIsOneLineOnStderrWithoutAHandler) {
  ::testing::internal::CaptureStderr();
  {
    ThreadPoolExecutor pool({.threads = 1, .name = "mail"});
    pool.submit(
        {.name = "send"}, [] { throw std::runtime_error("no such host"); }, kSite);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "drydock: executor 'mail': job 'send' (#1, submitted at " + kAt +
                ") failed: std::runtime_error: no such host\n");
}

TEST(ThreadPoolExecutorTest, HandlerThatThrowsIsReportedAndHarmsNothing) {
  ::testing::internal::CaptureStderr();
  std::atomic<bool> ran_after{false};
  {
    ThreadPoolOptions options{.threads = 1, .name = "mail"};
    options.on_failure = [](const JobFailure&) { throw std::logic_error("bad handler"); };
    ThreadPoolExecutor pool(options);
    pool.submit(
        {.name = "send"}, [] { throw std::runtime_error("no such host"); }, kSite);
    pool.submit([&] { ran_after = true; });
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "drydock: the failure handler of executor 'mail' threw std::logic_error: bad handler "
            "when it was told of this: drydock: executor 'mail': job 'send' (#1, submitted at " +
                kAt + ") failed: std::runtime_error: no such host\n");
  EXPECT_TRUE(ran_after);
}

TEST(ThreadPoolExecutorTest, OptionsOutOfRangeAreRefusedInWords) {
  const auto message = [](ThreadPoolOptions options) -> std::string {
    try {
      ThreadPoolExecutor pool(std::move(options));
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  EXPECT_EQ(message({.threads = 0, .name = "mail"}),
            "drydock: ThreadPoolExecutor 'mail': threads = 0, but a pool needs at least 1 thread. "
            "Leave `threads` out for as many as the machine has (" +
                std::to_string(internal::hardware_threads()) + " here).");
  EXPECT_THAT(message({.threads = -3, .name = "mail"}), HasSubstr("threads = -3, but"));
  EXPECT_EQ(message({.threads = 1, .max_queued = 0, .name = "mail"}),
            "drydock: ThreadPoolExecutor 'mail': max_queued = 0, but then it would refuse each "
            "job. Leave `max_queued` out for 10000.");
}

TEST(ThreadPoolExecutorTest, FullQueueRefusesAndSaysWhatFillsIt) {
  ThreadPoolExecutor pool({.threads = 1, .max_queued = 4, .name = "mail"});
  Log log;
  std::string message;
  Gate gate(pool, "gate", kSite);
  for (int i = 0; i < 3; ++i) {
    pool.submit(
        {.name = "send"}, [&] { log.add("ran"); }, kSite);
  }
  pool.submit({.name = "later", .delay = absl::Hours(1)}, [] {});
  try {
    pool.submit(
        {.name = "refused"}, [&] { log.add("refused ran"); }, kSite);
  } catch (const QueueFullError& error) {
    message = error.what();
  }
  EXPECT_EQ(
      without_times(message),
      "drydock: executor 'mail' refused job 'refused' (#6, submitted at " + kAt +
          "): its queue is full (max_queued = 4). Now 1 job runs and 4 wait:"
          "\n  running for T on thread 'mail-1': 'gate' (#1, submitted at " +
          kAt +
          ")"
          "\n  queued for T: 'send' (#2, submitted at " +
          kAt +
          ")"
          "\n  queued for T: 'send' (#3, submitted at " +
          kAt +
          ")"
          "\n  … and 2 more"
          "\nSubmit less at a time, raise ThreadPoolOptions::max_queued or ::threads, or catch "
          "QueueFullError and submit again later.");
  gate.open();
  ASSERT_TRUE(pool.wait_idle(absl::Minutes(1)).ok());
  EXPECT_THAT(log.entries(), ElementsAre("ran", "ran", "ran"));
  // There is room again: exactly as much as before, less the one that is not due.
  Gate again(pool);
  for (int i = 0; i < 3; ++i) pool.submit([] {});
  EXPECT_THROW(pool.submit([] {}), QueueFullError);
  again.open();
  ASSERT_TRUE(pool.cancel(JobId(5)));
}

// --- delays and cancels ---------------------------------------------------------------------

TEST(ThreadPoolExecutorTest, DelayedJobsRunWhenDueEarliestFirst) {
  ThreadPoolExecutor pool({.threads = 1});
  Log log;
  const absl::Time start = absl::Now();
  absl::Duration waited;
  pool.submit({.delay = absl::Milliseconds(40)}, [&] {
    waited = absl::Now() - start;
    log.add("40");
  });
  pool.submit({.delay = absl::Milliseconds(10)}, [&] { log.add("10"); });
  pool.submit({.delay = absl::Milliseconds(-5)}, [&] { log.add("-5"); });
  pool.submit([&] { log.add("0"); });
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_THAT(log.entries(), ElementsAre("-5", "0", "10", "40"));
  EXPECT_GE(waited, absl::Milliseconds(39));
}

TEST(ThreadPoolExecutorTest, CancelTakesBackWhatHasNotStarted) {
  ThreadPoolExecutor pool({.threads = 1});
  Log log;
  const auto owned = std::make_shared<int>(1);
  Gate gate(pool);
  pool.submit([&] { log.add("first"); });
  const JobId queued = pool.submit([&log, owned] { log.add("cancelled"); });
  const JobId delayed =
      pool.submit({.delay = absl::Milliseconds(1)}, [&log, owned] { log.add("cancelled"); });
  const JobId last = pool.submit([&] { log.add("last"); });
  EXPECT_FALSE(pool.cancel(JobId(1))) << "it runs";
  EXPECT_TRUE(pool.cancel(queued));
  EXPECT_TRUE(pool.cancel(delayed));
  EXPECT_FALSE(pool.cancel(queued)) << "twice";
  EXPECT_FALSE(pool.cancel(JobId(4711)));
  EXPECT_EQ(owned.use_count(), 1) << "the closures are gone";
  gate.open();
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_FALSE(pool.cancel(last)) << "it has ended";
  EXPECT_THAT(log.entries(), ElementsAre("first", "last"));
}

TEST(ThreadPoolExecutorTest, CancelOfTheLastJobWakesWaitIdle) {
  ThreadPoolExecutor pool({.threads = 1});
  const JobId delayed = pool.submit({.delay = absl::Seconds(50)}, [] {});
  std::thread canceller([&] { EXPECT_TRUE(pool.cancel(delayed)); });
  const absl::Time start = absl::Now();
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(40));
  canceller.join();
}

// --- stress ---------------------------------------------------------------------------------

TEST(ThreadPoolExecutorTest, NothingIsLostOrRunTwiceUnderEightThreads) {
  constexpr int kThreads = 8;
  constexpr int kJobs = 3000;
  ThreadPoolExecutor pool({.threads = 3, .max_queued = 2000});
  std::vector<std::atomic<int>> runs(kThreads * kJobs);
  std::atomic<int> cancelled{0}, refused{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(static_cast<unsigned>(thread));
      std::vector<JobId> mine;
      for (int i = 0; i < kJobs; ++i) {
        std::atomic<int>& ran =
            runs[static_cast<std::size_t>(thread) * kJobs + static_cast<std::size_t>(i)];
        JobOptions options;
        if (random() % 10 == 0) options.delay = absl::Microseconds(random() % 500);
        try {
          mine.push_back(pool.submit(std::move(options), [&ran] { ++ran; }));
        } catch (const QueueFullError&) {
          ++refused;
          ASSERT_TRUE(pool.wait_idle(kLong).ok());
        }
        if (random() % 8 == 0 && !mine.empty() && pool.cancel(mine[random() % mine.size()])) {
          ++cancelled;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  int total = 0;
  for (const std::atomic<int>& ran : runs) {
    ASSERT_LE(ran, 1);
    total += ran;
  }
  EXPECT_EQ(total + cancelled + refused, kThreads * kJobs);
}

}  // namespace
}  // namespace drydock
