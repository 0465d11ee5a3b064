#include "drydock/wait_idle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/function_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/misuse_error.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/job_gate.h"
#include "tests/plain_executor.h"
#include "tests/waiting_threads.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

std::string text_of(const absl::Status& status) {
  return without_times(std::string(status.message()));
}

// A job that goes from one executor to the next, round and round.
struct Hop {
  const std::vector<Executor*>* ring;
  std::atomic<int>* left;
  std::size_t at = 0;

  void operator()() const {
    if (--*left == 0) return;
    const std::size_t next = (at + 1) % ring->size();
    (*ring)[next]->submit(Hop{ring, left, next});
  }
};

TEST(WaitIdleTest, ReturnsAtOnceForExecutorsWithoutJobs) {
  ThreadPoolExecutor pool({.threads = 2});
  SerialExecutor strand(pool, "mail");
  DeferredExecutor deferred;
  InlineExecutor inline_executor;
  EXPECT_EQ(wait_idle({}, absl::ZeroDuration()), absl::OkStatus());
  EXPECT_EQ(wait_idle({&pool, &strand, &deferred, &inline_executor, &pool}, kLong),
            absl::OkStatus());
}

TEST(WaitIdleTest, WaitsForAJobThatHopsBetweenTheExecutors) {
  ThreadPoolExecutor one({.threads = 1});
  ThreadPoolExecutor two({.threads = 2});
  PlainExecutor plain({.threads = 1});
  SerialExecutor strand(one, "strand");
  SerialExecutor mailbox(plain, "mailbox");
  const std::vector<Executor*> ring = {&one, &two, &strand, &mailbox};
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> left{25};
    one.submit(Hop{&ring, &left});
    ASSERT_EQ(wait_idle(ring, kLong), absl::OkStatus());
    ASSERT_EQ(left, 0);
  }
}

TEST(WaitIdleTest, IsWokenByTheEndOfTheLastJobOfAnyExecutor) {
  for (int held = 0; held < 3; ++held) {
    ThreadPoolExecutor pool({.threads = 1});
    ThreadPoolExecutor base({.threads = 1});
    PlainExecutor plain({.threads = 1});
    SerialExecutor strand(base, "strand");
    SerialExecutor mailbox(plain, "mailbox");
    const std::vector<Executor*> all = {&pool, &strand, &mailbox};
    Gate gate(*all[static_cast<std::size_t>(held)]);
    std::thread opener([&] {
      until_threads_wait(1);
      gate.open();
    });
    EXPECT_EQ(wait_idle(all, absl::InfiniteDuration()), absl::OkStatus());
    opener.join();
  }
}

TEST(WaitIdleTest, ListsTheJobsOfAllExecutorsAtTheDeadline) {
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  ThreadPoolExecutor mail({.threads = 1, .name = "mail"});
  SerialExecutor strand(mail, "smtp");
  Gate gate(pool, "import", kSite);
  pool.submit(
      {.name = "report", .delay = absl::Hours(1)}, [] {}, kSite);
  Gate other(strand, "connect", kSite);
  strand.submit(
      {.name = "send"}, [] {}, kSite);
  mail.submit(
      {.name = "not of the strand"}, [] {}, kSite);
  const absl::Status status = wait_idle({&pool, &strand}, absl::Milliseconds(2));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(text_of(status),
            "drydock: executor 'pool' and strand 'smtp' on executor 'mail' are not idle after T: 2 "
            "jobs run and 2 wait:"
            "\n  running for T on thread 'pool-1' of executor 'pool': 'import' (#1, submitted at " +
                kAt +
                ")"
                "\n  waiting for its delay on executor 'pool', due in T: 'report' (#2, submitted "
                "at " +
                kAt +
                ")"
                "\n  running for T on thread 'mail-1' of strand 'smtp' on executor 'mail': "
                "'connect' (#1, submitted at " +
                kAt +
                ")"
                "\n  queued for T on strand 'smtp' on executor 'mail': 'send' (#2, submitted at " +
                kAt + ")");
}

TEST(WaitIdleTest, ListsAJobOnceThoughItsStrandAndItsPoolAreAsked) {
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  SerialExecutor strand(pool, "smtp");
  Gate gate(strand);
  const std::string text = text_of(wait_idle({&strand, &pool, &strand}, absl::ZeroDuration()));
  EXPECT_NE(text.find("1 job runs and 0 wait"), std::string::npos) << text;
}

// A base that knows nothing of strands lists what the strand has handed on, too.
TEST(WaitIdleTest, ListsAJobOnceThoughItsStrandHasHandedItOn) {
  std::deque<Job> posted;
  FunctionExecutor base([&](Job job) { posted.push_back(std::move(job)); }, {.name = "loop"});
  SerialExecutor strand(base, "smtp");
  strand.submit(
      {.name = "send"}, [] {}, kSite);
  strand.submit(
      {.name = "log"}, [] {}, kSite);
  const std::string listed =
      " are not idle after T: 0 jobs run and 2 wait:"
      "\n  queued for T on strand 'smtp': 'send' (#1, submitted at " +
      kAt + ")\n  queued for T on strand 'smtp': 'log' (#2, submitted at " + kAt + ")";
  EXPECT_EQ(without_times(text_of(wait_idle({&strand, &base}, absl::ZeroDuration()))),
            "drydock: strand 'smtp' and executor 'loop'" + listed);
  EXPECT_EQ(without_times(text_of(wait_idle({&base, &strand}, absl::ZeroDuration()))),
            "drydock: executor 'loop' and strand 'smtp'" + listed);
  for (std::size_t i = 0; i < 2; ++i) std::move(posted.at(i))();
}

TEST(WaitIdleTest, ADelayedJobCountsIfItIsDueInTime) {
  ThreadPoolExecutor pool({.threads = 1});
  PlainExecutor plain({.threads = 1});
  SerialExecutor mailbox(plain, "mailbox");
  std::atomic<int> ran{0};
  pool.submit({.delay = absl::Milliseconds(5)}, [&] { ++ran; });
  mailbox.submit({.delay = absl::Milliseconds(10)}, [&] { ++ran; });
  const JobId far = pool.submit({.delay = absl::Hours(1)}, [] {});
  const JobId far_too = mailbox.submit({.delay = absl::Hours(1)}, [] {});
  EXPECT_EQ(wait_idle({&pool, &mailbox}, kLong), absl::OkStatus());
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(pool.cancel(far));
  EXPECT_TRUE(mailbox.cancel(far_too));
}

TEST(WaitIdleTest, CancelOfADelayedJobOfAMailboxWakesIt) {
  PlainExecutor plain({.threads = 1});
  SerialExecutor mailbox(plain, "mailbox");
  const JobId delayed = mailbox.submit({.delay = absl::Hours(1)}, [] {});
  std::thread canceller([&] {
    until_threads_wait(1);
    EXPECT_TRUE(mailbox.cancel(delayed));
  });
  EXPECT_EQ(wait_idle({&mailbox}, absl::InfiniteDuration()), absl::OkStatus());
  canceller.join();
}

TEST(WaitIdleTest, SaysWhichExecutorCannotSayWhenItIsIdle) {
  ThreadPoolExecutor pool({.threads = 1});
  HeldExecutor held;
  const absl::Status status = wait_idle({&pool, &held}, kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(text_of(status),
            "drydock: wait_idle() was given an executor that cannot say when it is idle (executor "
            "2 of 2). One that hands its jobs to another overrides idle_target() and returns "
            "idle_target_of(other); for one with a queue of its own, submit through a "
            "SerialExecutor that stands on it and wait for that.");
}

TEST(WaitIdleTest, ANullPointerIsMisuse) {
  ThreadPoolExecutor pool({.threads = 1});
  std::string message;
  try {
    static_cast<void>(wait_idle({nullptr, &pool}, kLong));
  } catch (const MisuseError& error) {
    message = error.what();
  }
  EXPECT_EQ(message,
            "drydock: wait_idle() was given a null pointer for executor 1 of 2. Pass the addresses "
            "of executors: wait_idle({&pool, &mail}, timeout).");
}

// --- executors of a simulation --------------------------------------------------------------

TEST(WaitIdleTest, WaitsForAnInlineJobOnAnotherThread) {
  InlineExecutor executor;
  std::latch runs(1);
  std::latch open(1);
  std::atomic<bool> ended{false};
  std::thread submitter([&] {
    executor.submit([&] {
      runs.count_down();
      open.wait();
      ended = true;
    });
  });
  runs.wait();
  std::thread opener([&] {
    until_threads_wait(1);
    open.count_down();
  });
  EXPECT_EQ(wait_idle({&executor}, absl::InfiniteDuration()), absl::OkStatus());
  EXPECT_TRUE(ended);
  submitter.join();
  opener.join();
}

TEST(WaitIdleTest, ListsAnInlineJobOnAnotherThreadAtTheDeadline) {
  Simulation simulation;
  InlineExecutor executor(simulation, "mail");
  ThreadPoolExecutor pool({.threads = 1, .name = "web"});
  std::latch runs(1);
  std::latch open(1);
  pool.submit(
      {.name = "request"},
      [&] {
        executor.submit(
            {.name = "send"},
            [&] {
              runs.count_down();
              open.wait();
            },
            kSite);
      },
      kSite);
  runs.wait();
  const absl::Status status = wait_idle({&executor}, absl::Milliseconds(1));
  open.count_down();
  EXPECT_EQ(text_of(status),
            "drydock: executor 'mail' is not idle after T: 1 job runs and 0 wait:"
            "\n  running for T on thread 'web-1': 'send' (#1, submitted at " +
                kAt + "), submitted by 'request' (#1, submitted at " + kAt + ")");
  EXPECT_EQ(wait_idle({&executor, &pool}, kLong), absl::OkStatus());
}

TEST(WaitIdleTest, ListsADeferredJobOfAnotherThreadAtTheDeadline) {
  DeferredExecutor executor;
  std::string text;
  std::thread other([&] {
    executor.submit(
        {.name = "send"}, [] {}, kSite);
    text = text_of(wait_idle({&executor}, absl::Milliseconds(1)));
  });
  other.join();
  EXPECT_EQ(executor.drain().runs.size(), 1U);
  EXPECT_EQ(text,
            "drydock: the deferred executor is not idle after T: 0 jobs run and 1 waits:"
            "\n  queued for T: 'send' (#1, submitted at " +
                kAt + ")");
}

// In a process of its own, which has one thread.
TEST(WaitIdleDeathTest, SaysHowLongAJobOlderThanTheSecondThreadHasWaitedAtMost) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        DeferredExecutor executor;
        executor.submit([] {});
        std::thread other([&] {
          std::fputs(text_of(wait_idle({&executor}, absl::Milliseconds(1))).c_str(), stderr);
        });
        other.join();
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(0), "\n  queued for up to T: 'wait_idle_test");
}

TEST(WaitIdleTest, SaysOfADeferredJobSinceWhenItRuns) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kQueued = std::chrono::milliseconds(60);
  DeferredExecutor executor;
  const ThreadPoolExecutor second_thread({.threads = 1});
  std::string text;
  absl::Duration at_most;
  const Clock::time_point submitted = Clock::now();
  executor.submit([&] {
    const Clock::time_point started = Clock::now();
    std::thread other(
        [&] { text = std::string(wait_idle({&executor}, absl::Milliseconds(1)).message()); });
    other.join();
    // The clock of the listings goes in steps of some milliseconds.
    at_most = absl::FromChrono(Clock::now() - started) + absl::Milliseconds(20);
  });
  while (Clock::now() - submitted < kQueued) std::this_thread::yield();
  EXPECT_EQ(executor.drain().runs.size(), 1U);
  const std::string kRunning = "\n  running for ";
  ASSERT_THAT(text, ::testing::HasSubstr(kRunning));
  const std::string from = text.substr(text.find(kRunning) + kRunning.size());
  absl::Duration age;
  ASSERT_TRUE(absl::ParseDuration(from.substr(0, from.find(' ')), &age)) << text;
  EXPECT_LE(age, at_most) << text;
}

TEST(WaitIdleTest, AnotherThreadMayWaitForTheDriversDrain) {
  DeferredExecutor executor;
  int ran = 0;
  executor.submit([&] { executor.submit([&] { ran = 2; }); });
  std::thread waiter([&] {
    EXPECT_EQ(wait_idle({&executor}, absl::InfiniteDuration()), absl::OkStatus());
    EXPECT_EQ(ran, 2);
  });
  until_threads_wait(1);
  executor.drain();
  waiter.join();
}

TEST(WaitIdleTest, WhatIsNotDueOnTheSimulatedClockDoesNotCount) {
  DeferredExecutor executor;
  executor.submit({.delay = absl::Seconds(1)}, [] {});
  EXPECT_EQ(wait_idle({&executor}, absl::Hours(1)), absl::OkStatus());
  executor.simulation().advance_by(absl::Seconds(1));
}

TEST(WaitIdleTest, AStrandOfASimulationIsIdleThoughItsBaseIsNot) {
  DeferredExecutor executor;
  SerialExecutor strand(executor, "strand");
  executor.submit([] {});
  EXPECT_EQ(wait_idle({&strand}, kLong), absl::OkStatus());
  EXPECT_EQ(strand.wait_idle(kLong), absl::OkStatus());
  EXPECT_FALSE(wait_idle({&executor}, kLong).ok());
  executor.drain();
  EXPECT_EQ(wait_idle({&executor}, kLong), absl::OkStatus());
}

}  // namespace
}  // namespace drydock
