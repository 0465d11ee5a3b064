// Waits that could never end: an error at once, whatever the deadline.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/wait_idle.h"
#include "tests/job_gate.h"
#include "tests/plain_executor.h"
#include "tests/waiting_threads.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kForever = absl::InfiniteDuration();
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();
const std::string kAllow =
    "\n  Where that is meant, allow it: sandbox.allow(drydock::Finding::kBlockedSubmit).";

std::string text_of(const absl::Status& status) {
  return without_times(std::string(status.message()));
}

void expect_finding(Simulation& simulation, const std::string& text, JobId job) {
  const std::vector<Finding> findings = simulation.findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Finding::kBlockedSubmit);
  EXPECT_EQ(findings[0].message, text + kAllow);
  EXPECT_EQ(findings[0].job, job);
}

TEST(WaitIdleBlockedTest, TheDriverOfADeferredExecutorIsToldToDrain) {
  DeferredExecutor executor;
  executor.submit(
      {.name = "send"}, [] {}, kSite);
  executor.submit(
      {.name = "later", .delay = absl::Hours(1)}, [] {}, kSite);
  const absl::Status status = wait_idle({&executor}, kForever);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  const std::string text =
      "wait_idle() on the deferred executor was called from code outside any job, on the only "
      "thread that could run what is queued there:"
      "\n  'send' (#1, submitted at " +
      kAt +
      ")"
      "\n  It would wait for ever. What a deferred executor holds runs when the test drains: call "
      "drain() before wait_idle(), or in its place. What an inline executor holds runs when the "
      "calling thread's transaction or job ends: wait after that.";
  EXPECT_EQ(text_of(status), "drydock: " + text);
  expect_finding(executor.simulation(), text, JobId(1));
  executor.drain();
  EXPECT_EQ(wait_idle({&executor}, kForever), absl::OkStatus());
}

TEST(WaitIdleBlockedTest, TheDriverIsToldWhenAPoolsJobSubmitsToIt) {
  Simulation simulation;
  DeferredExecutor deferred(simulation, "mail");
  ThreadPoolExecutor pool({.threads = 1});
  std::latch over(1);
  pool.submit([&] {
    until_threads_wait(1);
    deferred.submit({.name = "send"}, [] {});
    over.wait();  // the pool stays busy: only the deferred job can have ended the wait
  });
  const absl::Status status = wait_idle({&pool, &deferred}, kForever);
  over.count_down();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(text_of(status), HasSubstr("wait_idle() on executor 'mail' was called from code "
                                         "outside any job, on the only thread that could run"));
  EXPECT_EQ(pool.wait_idle(kForever), absl::OkStatus());
  deferred.drain();
}

TEST(WaitIdleBlockedTest, ManyQueuedJobsAreCounted) {
  DeferredExecutor executor;
  for (int i = 0; i < 13; ++i) executor.submit([] {});
  EXPECT_THAT(text_of(wait_idle({&executor}, kForever)), HasSubstr("\n  … and 3 more\n"));
  executor.drain();
}

TEST(WaitIdleBlockedTest, AJobOfASimulationWouldWaitForItself) {
  Simulation simulation;
  InlineExecutor executor(simulation, "mail");
  absl::Status status;
  executor.submit(
      {.name = "impatient"}, [&] { status = wait_idle({&executor}, kForever); }, kSite);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  const std::string text =
      "wait_idle() on executor 'mail' was called from job 'impatient' (#1, submitted at " + kAt +
      "), which this executor runs: it would wait for itself. Call it from outside the executor's "
      "jobs; work that follows other work is submitted by the last job of that.";
  EXPECT_EQ(text_of(status), "drydock: " + text);
  expect_finding(simulation, text, JobId());
}

TEST(WaitIdleBlockedTest, AJobOfAStrandWouldWaitForItself) {
  ThreadPoolExecutor pool({.threads = 2, .name = "pool"});
  PlainExecutor plain({.threads = 2});
  SerialExecutor strand(pool, "strand");
  SerialExecutor mailbox(plain, "mailbox");
  for (SerialExecutor* const executor : {&strand, &mailbox}) {
    std::promise<absl::Status> result;
    executor->submit(
        {.name = "impatient"}, [&] { result.set_value(executor->wait_idle(kForever)); }, kSite);
    const absl::Status status = result.get_future().get();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(
        text_of(status),
        std::string("drydock: wait_idle() on ") +
            (executor == &strand ? "strand 'strand' on executor 'pool'" : "strand 'mailbox'") +
            " was called from job 'impatient' (#1, submitted at " + kAt +
            "), which this executor runs: it would wait for itself. Call it from outside the "
            "executor's jobs; work that follows other work is submitted by the last job of "
            "that.");
  }
}

TEST(WaitIdleBlockedTest, AJobHasTheOnlyThreadThatCouldRunTheStrand) {
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  SerialExecutor strand(pool, "mail");
  std::promise<absl::Status> result;
  pool.submit(
      {.name = "impatient"},
      [&] {
        strand.submit(
            {.name = "send"}, [] {}, kSite);
        result.set_value(strand.wait_idle(kForever));
      },
      kSite);
  const absl::Status status = result.get_future().get();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(text_of(status),
            "drydock: wait_idle() on strand 'mail' on executor 'pool' was called from job "
            "'impatient' (#1, submitted at " +
                kAt +
                "), which has the last thread that could run what is queued there:"
                "\n  queued for T: 'send' (#2, submitted at " +
                kAt + "), submitted by 'impatient' (#1, submitted at " + kAt +
                ")"
                "\n  It would wait for ever. Submit what comes after these jobs as a job of its "
                "own, by the last of them, or give the executor more threads.");
  EXPECT_EQ(pool.wait_idle(kForever), absl::OkStatus());
}

TEST(WaitIdleBlockedTest, AJobMayWaitForAStrandThatAnotherThreadRuns) {
  ThreadPoolExecutor pool({.threads = 2});
  SerialExecutor strand(pool, "mail");
  std::promise<absl::Status> result;
  pool.submit([&] {
    for (int i = 0; i < 10; ++i) strand.submit([] {});
    result.set_value(strand.wait_idle(kForever));
  });
  EXPECT_EQ(result.get_future().get(), absl::OkStatus());
}

TEST(WaitIdleBlockedTest, TwoPoolsThatWaitForEachOtherAreNamed) {
  ThreadPoolExecutor one({.threads = 1, .name = "one"});
  ThreadPoolExecutor two({.threads = 1, .name = "two"});
  std::promise<absl::Status> first;
  std::promise<absl::Status> second;
  std::latch both(2);
  one.submit(
      {.name = "first"},
      [&] {
        both.arrive_and_wait();
        first.set_value(two.wait_idle(kForever));
      },
      kSite);
  two.submit(
      {.name = "second"},
      [&] {
        both.arrive_and_wait();
        until_threads_wait(1);
        second.set_value(one.wait_idle(kForever));
      },
      kSite);
  const absl::Status status = second.get_future().get();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(text_of(status),
            "drydock: wait_idle() on executor 'one' was called from job 'second' (#1, submitted "
            "at " +
                kAt +
                ") and would wait for ever, since what it waits for waits for it:"
                "\n  job 'second' (#1, submitted at " +
                kAt +
                ") waits until executor 'one' is idle"
                "\n  job 'first' (#1, submitted at " +
                kAt +
                ") waits until executor 'two' is idle"
                "\n  In a transaction, wait after transact() has returned. In a job, submit what "
                "comes after the others as a job of its own, by the last of them.");
  EXPECT_EQ(first.get_future().get(), absl::OkStatus()) << "the other job has ended";
}

// Three in a ring, each on a pool of two threads whose other thread is free.
TEST(WaitIdleBlockedTest, ARingOfThreeIsFoundByWhoeverClosesIt) {
  std::vector<std::unique_ptr<ThreadPoolExecutor>> pools;
  for (int i = 0; i < 3; ++i) {
    pools.push_back(std::make_unique<ThreadPoolExecutor>(ThreadPoolOptions{.threads = 2}));
  }
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> refused{0};
    std::latch all(3);
    for (std::size_t i = 0; i < pools.size(); ++i) {
      pools[i]->submit([&, i] {
        all.arrive_and_wait();
        if (!pools[(i + 1) % pools.size()]->wait_idle(kForever).ok()) ++refused;
      });
    }
    ASSERT_EQ(wait_idle({pools[0].get(), pools[1].get(), pools[2].get()}, kForever),
              absl::OkStatus());
    // Once one has been refused it ends, and the others may wait.
    ASSERT_EQ(refused, 1);
  }
}

TEST(WaitIdleBlockedTest, AThreadOutsideMayWaitForAPoolWhoseJobWaits) {
  ThreadPoolExecutor one({.threads = 1});
  ThreadPoolExecutor two({.threads = 1});
  for (int round = 0; round < 100; ++round) {
    std::promise<absl::Status> inner;
    one.submit([&] {
      two.submit([] {});
      inner.set_value(two.wait_idle(kForever));
    });
    ASSERT_EQ(wait_idle({&one, &two}, kForever), absl::OkStatus());
    ASSERT_EQ(inner.get_future().get(), absl::OkStatus());
  }
}

}  // namespace
}  // namespace drydock
