// What all adapters share (drydock/adapted_executor.h), on the one that a test can play both sides
// of.
#include "drydock/function_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
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
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

// The other side: keeps what it is given until the test runs it or destroys it.
class Mailroom {
 public:
  auto post() {
    return [this](Job job) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (refuse) throw std::runtime_error("no room");
      jobs_.push_back(std::move(job));
    };
  }
  bool run_one() {
    std::optional<Job> job = take();
    if (job) std::move (*job)();
    return job.has_value();
  }
  void run_all() {
    while (run_one()) {
    }
  }
  void destroy_one() { take().reset(); }
  std::size_t size() {
    std::lock_guard<std::mutex> lock(mutex_);
    return jobs_.size();
  }
  bool refuse = false;

 private:
  std::optional<Job> take() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (jobs_.empty()) return std::nullopt;
    std::optional<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  std::mutex mutex_;
  std::deque<Job> jobs_;
};

class FunctionExecutorTest : public ::testing::Test {
 protected:
  AdapterOptions options() {
    return {.name = "mail",
            .on_failure = [this](const JobFailure& failure) { log_.add(failure.to_string()); }};
  }

  Log log_;
  Mailroom mailroom_;
};

TEST_F(FunctionExecutorTest, HandsEachJobToTheFunctionWhichRunsItWhenItWants) {
  FunctionExecutor executor(mailroom_.post(), options());
  executor.submit([this] { log_.add("one"); });
  executor.submit([this] { log_.add("two"); });
  EXPECT_THAT(log_.entries(), IsEmpty());
  mailroom_.run_all();
  EXPECT_THAT(log_.entries(), ElementsAre("one", "two"));
  EXPECT_TRUE(executor.wait_idle(absl::ZeroDuration()).ok());
}

TEST_F(FunctionExecutorTest, AFunctionMayRunTheJobAtOnce) {
  FunctionExecutor executor([](Job job) { std::move(job)(); }, options());
  executor.submit([&] {
    executor.submit([this] { log_.add("inner"); });
    log_.add("outer");
  });
  EXPECT_THAT(log_.entries(), ElementsAre("inner", "outer"));
  EXPECT_TRUE(executor.wait_idle(absl::ZeroDuration()).ok());
}

TEST_F(FunctionExecutorTest, TheNameHasADefault) {
  EXPECT_EQ(FunctionExecutor([](Job) {}).name(), "function");
  EXPECT_EQ(FunctionExecutor([](Job) {}, options()).name(), "mail");
}

TEST_F(FunctionExecutorTest, AnEmptyFunctionIsRefused) {
  try {
    const FunctionExecutor executor(nullptr, options());
    FAIL() << "it was taken";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "drydock: FunctionExecutor 'mail' was given an empty function. Pass a callable "
                 "that takes a drydock::Job and has it run.");
  }
}

// --- what the other side does with a job ----------------------------------------------------

TEST_F(FunctionExecutorTest, WhatTheFunctionThrowsReachesTheSubmitter) {
  FunctionExecutor executor(mailroom_.post(), options());
  mailroom_.refuse = true;
  try {
    executor.submit([owned = witness(log_, "closure destroyed")] {});
    FAIL() << "it was taken";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "no room");
  }
  // The submitter knows; the failure handler is not told as well.
  EXPECT_THAT(log_.entries(), ElementsAre("closure destroyed"));
  EXPECT_TRUE(executor.wait_idle(absl::ZeroDuration()).ok());
}

TEST_F(FunctionExecutorTest, AJobThatTheOtherSideDestroysIsReported) {
  FunctionExecutor executor(mailroom_.post(), options());
  executor.submit(
      {.name = "send"}, [owned = witness(log_, "closure destroyed")] {}, kSite);
  mailroom_.destroy_one();
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'mail' dropped job 'send' (#1, submitted at " + kAt +
                              "): what the executor stands on destroyed it unrun",
                          "closure destroyed"));
  EXPECT_TRUE(executor.wait_idle(absl::ZeroDuration()).ok());
}

TEST_F(FunctionExecutorTest, SoIsOneThatTheFunctionDestroysAtOnce) {
  FunctionExecutor executor([](Job) {}, options());
  executor.submit(
      {.name = "send"}, [owned = witness(log_, "closure destroyed")] {}, kSite);
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'mail' dropped job 'send' (#1, submitted at " + kAt +
                              "): what the executor stands on destroyed it unrun",
                          "closure destroyed"));
}

TEST_F(FunctionExecutorTest, ARefusalOfADelayedJobIsReported) {
  FunctionExecutor executor([](Job) { throw std::runtime_error("no room"); }, options());
  executor.submit(
      {.name = "send", .delay = absl::Milliseconds(1)},
      [owned = witness(log_, "closure destroyed")] {}, kSite);
  ASSERT_TRUE(executor.wait_idle(kLong).ok());
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'mail' dropped job 'send' (#1, submitted at " + kAt +
                              "): what the executor stands on refused it when it was due: "
                              "std::runtime_error: no room",
                          "closure destroyed"));
}

TEST_F(FunctionExecutorTest, WithoutAHandlerAFailureIsOneLineOnStderr) {
  FunctionExecutor executor(mailroom_.post());
  ::testing::internal::CaptureStderr();
  executor.submit(
      {.name = "send"}, [] { throw std::runtime_error("no such host"); }, kSite);
  mailroom_.run_all();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "drydock: executor 'function': job 'send' (#1, submitted at " + kAt +
                ") failed: std::runtime_error: no such host\n");
}

// --- taking back ----------------------------------------------------------------------------

TEST_F(FunctionExecutorTest, ACancelledJobIsDestroyedAtOnceThoughTheOtherSideStillHasIt) {
  FunctionExecutor executor(mailroom_.post(), options());
  const JobId id = executor.submit([owned = witness(log_, "closure destroyed")] {});
  EXPECT_TRUE(executor.cancel(id));
  EXPECT_THAT(log_.entries(), ElementsAre("closure destroyed"));
  EXPECT_FALSE(executor.cancel(id));
  EXPECT_TRUE(executor.wait_idle(absl::ZeroDuration()).ok());
  EXPECT_EQ(mailroom_.size(), 1U);
  mailroom_.run_all();
  EXPECT_THAT(log_.entries(), ElementsAre("closure destroyed"));
}

TEST_F(FunctionExecutorTest, ADelayedJobThatIsCancelledNeverReachesTheOtherSide) {
  FunctionExecutor executor(mailroom_.post(), options());
  const JobId id =
      executor.submit({.delay = absl::Hours(1)}, [owned = witness(log_, "closure destroyed")] {});
  EXPECT_TRUE(executor.cancel(id));
  EXPECT_THAT(log_.entries(), ElementsAre("closure destroyed"));
  EXPECT_TRUE(executor.wait_idle(absl::Hours(2)).ok());
  EXPECT_EQ(mailroom_.size(), 0U);
}

// --- waiting --------------------------------------------------------------------------------

TEST_F(FunctionExecutorTest, WaitIdleSaysWhatRunsAndWhatWaits) {
  FunctionExecutor executor(mailroom_.post(), options());
  std::latch runs(1);
  std::latch open(1);
  executor.submit(
      {.name = "import"},
      [&] {
        executor.submit(
            {.name = "index"}, [] {}, kSite);
        runs.count_down();
        open.wait();
      },
      kSite);
  executor.submit(
      {.name = "remind", .delay = absl::Hours(1)}, [] {}, kSite);
  std::jthread thread([this] {
    pthread_setname_np(pthread_self(), "mailroom");
    mailroom_.run_one();
  });
  runs.wait();
  const absl::Status status = executor.wait_idle(absl::Milliseconds(1));
  open.count_down();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(without_times(std::string(status.message())),
            "drydock: executor 'mail' is not idle after T: 1 job runs and 2 wait:"
            "\n  running for T on thread 'mailroom': 'import' (#1, submitted at " +
                kAt +
                ")"
                "\n  waiting for its delay, due in T: 'remind' (#2, submitted at " +
                kAt +
                ")"
                "\n  queued for T: 'index' (#3, submitted at " +
                kAt + "), submitted by 'import' (#1, submitted at " + kAt + ")");
}

TEST_F(FunctionExecutorTest, WaitIdleFromAnOwnJobIsRefused) {
  FunctionExecutor executor(mailroom_.post(), options());
  absl::Status status;
  executor.submit(
      {.name = "import"}, [&] { status = executor.wait_idle(kLong); }, kSite);
  mailroom_.run_all();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::string(status.message()),
            "drydock: wait_idle() on executor 'mail' was called from job 'import' (#1, submitted "
            "at " +
                kAt +
                "), which this executor runs: it would wait for itself. Call it from outside the "
                "executor's jobs; work that follows other work is submitted by the last job of "
                "that.");
}

// --- ending ---------------------------------------------------------------------------------

TEST_F(FunctionExecutorTest, ShutdownRunsWhatIsQueuedAndDropsWhatIsNotDue) {
  FunctionExecutor executor(mailroom_.post(), options());
  executor.submit([&] {
    executor.submit([this] { log_.add("submitted by a job"); });
    log_.add("queued");
  });
  executor.submit(
      {.name = "remind", .delay = absl::Hours(1)}, [] {}, kSite);
  EXPECT_EQ(executor.shutdown(absl::ZeroDuration()).code(), absl::StatusCode::kDeadlineExceeded);
  mailroom_.run_all();
  executor.shutdown();
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'mail' dropped job 'remind' (#2, submitted at " + kAt +
                              "): its delay had not passed when the executor was shut down",
                          "queued", "submitted by a job"));
}

TEST_F(FunctionExecutorTest, ShutdownSaysWhatHasNotEnded) {
  FunctionExecutor executor(mailroom_.post(), options());
  executor.submit(
      {.name = "send"}, [] {}, kSite);
  const absl::Status status = executor.shutdown(absl::Milliseconds(1));
  EXPECT_EQ(without_times(std::string(status.message())),
            "drydock: executor 'mail' has not ended T after shutdown(): 0 jobs run and 1 waits:"
            "\n  queued for T: 'send' (#1, submitted at " +
                kAt + ")");
  mailroom_.run_all();
  EXPECT_TRUE(executor.shutdown(absl::ZeroDuration()).ok());
}

TEST_F(FunctionExecutorTest, AfterShutdownJobsFromOutsideAreRefused) {
  FunctionExecutor executor(mailroom_.post(), options());
  executor.shutdown();
  try {
    executor.submit(
        {.name = "send"}, [] {}, kSite);
    FAIL() << "it was taken";
  } catch (const ExecutorShutDownError& e) {
    EXPECT_EQ(std::string(e.what()),
              "drydock: executor 'mail' refused job 'send' (#1, submitted at " + kAt +
                  "): it was shut down. Stop those who submit before the executor, and declare it "
                  "before them, so that it is destroyed after them.");
  }
  EXPECT_EQ(mailroom_.size(), 0U);
}

TEST_F(FunctionExecutorTest, ShutdownFromAnOwnJobIsRefused) {
  FunctionExecutor executor(mailroom_.post(), options());
  executor.submit(
      {.name = "import"},
      [&] {
        try {
          executor.shutdown();
        } catch (const MisuseError& e) {
          log_.add(e.what());
        }
      },
      kSite);
  mailroom_.run_all();
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: shutdown() of executor 'mail' was called from job 'import' "
                          "(#1, submitted at " +
                          kAt +
                          "), which this executor runs: it would wait for itself. Shut it down, "
                          "and destroy it, from the thread that made it, outside its jobs."));
}

TEST_F(FunctionExecutorTest, TheDestructorDropsWhatHasNotStarted) {
  {
    FunctionExecutor executor(mailroom_.post(), options());
    executor.submit(
        {.name = "send"}, [owned = witness(log_, "closure destroyed")] {}, kSite);
    executor.submit(
        {.name = "remind", .delay = absl::Hours(1)}, [] {}, kSite);
  }
  const std::string why =
      "): the executor was destroyed before it ran. Call shutdown() first, which runs what is "
      "queued";
  EXPECT_THAT(
      log_.entries(),
      ElementsAre("drydock: executor 'mail' dropped job 'send' (#1, submitted at " + kAt + why,
                  "closure destroyed",
                  "drydock: executor 'mail' dropped job 'remind' (#2, submitted at " + kAt + why));
  // The other side still has what it was given; it is void.
  EXPECT_TRUE(mailroom_.run_one());
  EXPECT_FALSE(mailroom_.run_one());
}

TEST_F(FunctionExecutorTest, TheDestructorWaitsForWhatRuns) {
  std::jthread thread;
  {
    FunctionExecutor executor(mailroom_.post(), options());
    std::latch runs(1);
    executor.submit([&] {
      runs.count_down();
      // The destructor has begun where a submit is refused.
      try {
        for (;;) {
          executor.submit([] {});
          std::this_thread::yield();
        }
      } catch (const ExecutorShutDownError&) {
        log_.add("ends");
      }
    });
    thread = std::jthread([this] { mailroom_.run_one(); });
    runs.wait();
  }
  log_.add("destroyed");
  const std::vector<std::string> entries = log_.entries();  // those of the dropped jobs, too
  EXPECT_THAT(entries, ::testing::Contains("ends"));
  EXPECT_EQ(entries.back(), "destroyed");
}

TEST_F(FunctionExecutorTest, TheOtherSideMayDestroyAJobLongAfterTheExecutor) {
  {
    FunctionExecutor executor(mailroom_.post(), {.on_failure = [](const JobFailure&) {}});
    for (int i = 0; i < 3; ++i) executor.submit([] {});
    executor.submit({.delay = absl::Hours(1)}, [] {});
  }
  mailroom_.destroy_one();
  mailroom_.run_one();
  EXPECT_EQ(mailroom_.size(), 1U);  // destroyed with the mailroom
}

}  // namespace
}  // namespace drydock
