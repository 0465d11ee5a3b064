#include "drydock/thread_pool_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <random>
#include <regex>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "drydock/executor_errors.h"
#include "drydock/misuse_error.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kLong = absl::Seconds(60);

std::string text_of(const absl::Status& status) { return std::string(status.message()); }

// Messages tell how long each job has run or waited; a test cannot.
std::string without_times(const std::string& text) {
  return std::regex_replace(text, std::regex("(for|due in|after|ended) [0-9][0-9.hmnus]*s\\b"),
                            "$1 T");
}

// Messages name the place of the submit; a test that compares the whole text passes it itself.
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

// Collects what jobs did, from any thread.
class Log {
 public:
  void add(std::string entry) {
    std::lock_guard<std::mutex> lock(mutex_);
    entries_.push_back(std::move(entry));
  }
  std::vector<std::string> entries() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> entries_;
};

// Keeps one thread of a pool busy from construction until `open()`.
class Gate {
 public:
  explicit Gate(Executor& executor, std::string name = "gate",
                SourceLocation where = SourceLocation::current()) {
    executor.submit(
        {.name = std::move(name)},
        [latches = latches_] {
          latches->runs.count_down();
          latches->open.wait();
        },
        where);
    latches_->runs.wait();
  }
  ~Gate() { open(); }
  void open() {
    if (!std::exchange(opened_, true)) latches_->open.count_down();
  }

 private:
  // Shared with the job, which may end after the gate.
  struct Latches {
    std::latch runs{1};
    std::latch open{1};
  };
  const std::shared_ptr<Latches> latches_ = std::make_shared<Latches>();
  bool opened_ = false;
};

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
  for (int i = 0; i < 3; ++i)
    pool.submit(
        {.name = "send"}, [&] { log.add("ran"); }, kSite);
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

// --- wait_idle ------------------------------------------------------------------------------

TEST(ThreadPoolExecutorTest, WaitIdleOfAFreshPoolReturnsAtOnce) {
  ThreadPoolExecutor pool({.threads = 2});
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_TRUE(pool.wait_idle(absl::ZeroDuration()).ok());
}

TEST(ThreadPoolExecutorTest, WaitIdleWaitsForWhatJobsSubmitAndForTheirClosures) {
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

TEST(ThreadPoolExecutorTest, WaitIdleListsWhatIsLeftAtTheDeadline) {
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

TEST(ThreadPoolExecutorTest, WaitIdleListsTwentyJobsAndCountsTheOthers) {
  ThreadPoolExecutor pool({.threads = 1});
  Gate gate(pool);
  for (int i = 0; i < 100; ++i) pool.submit([] {});
  const std::string text = text_of(pool.wait_idle(absl::ZeroDuration()));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
  EXPECT_THAT(text, HasSubstr("1 job runs and 100 wait"));
  EXPECT_THAT(text, HasSubstr("\n  … and 81 more"));
}

TEST(ThreadPoolExecutorTest, WaitIdleWaitsForADelayThatEndsInTimeAndForNoOther) {
  ThreadPoolExecutor pool({.threads = 1});
  std::atomic<bool> ran{false};
  pool.submit({.delay = absl::Milliseconds(20)}, [&] { ran = true; });
  const JobId far = pool.submit({.delay = absl::InfiniteDuration()}, [] {});
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_TRUE(ran);
  EXPECT_TRUE(pool.cancel(far));
}

TEST(ThreadPoolExecutorTest, WaitIdleFromAJobOfThePoolIsRefusedAtOnce) {
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

TEST(ThreadPoolExecutorTest, SeveralThreadsMayWait) {
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

TEST(ThreadPoolExecutorTest, ShutdownRunsWhatIsQueuedAndWhatThatSubmits) {
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

TEST(ThreadPoolExecutorTest, DestructorRunsWhatIsQueued) {
  std::atomic<int> ran{0};
  {
    ThreadPoolExecutor pool({.threads = 2});
    for (int i = 0; i < 1000; ++i) pool.submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPoolExecutorTest, PoolsThatEndAtOnceLoseNothing) {
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> ran{0};
    {
      ThreadPoolExecutor pool({.threads = 2});
      pool.submit([&] { ++ran; });
    }
    ASSERT_EQ(ran, 1);
  }
}

TEST(ThreadPoolExecutorTest, SubmitAfterShutdownIsRefusedInWords) {
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

TEST(ThreadPoolExecutorTest, ShutdownDropsDelayedJobsAndReportsEach) {
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

TEST(ThreadPoolExecutorTest, DelayedSubmitFromAJobDuringShutdownIsRefused) {
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

TEST(ThreadPoolExecutorTest, ShutdownWithADeadlineListsWhatHasNotEnded) {
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

TEST(ThreadPoolExecutorTest, ShutdownFromAJobOfThePoolIsMisuse) {
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
        std::atomic<int>& ran = runs[static_cast<std::size_t>(thread * kJobs + i)];
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
