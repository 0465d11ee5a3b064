#include "drydock/serial_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
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
#include "drydock/current_job.h"
#include "drydock/executor_errors.h"
#include "drydock/thread_pool_executor.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

std::string text_of(const absl::Status& status) {
  return without_times(std::string(status.message()));
}

// An executor that knows nothing of strands: a pool behind another face.
class PlainExecutor : public Executor {
 public:
  explicit PlainExecutor(ThreadPoolOptions options) : pool_(std::move(options)) {}
  bool cancel(JobId id) override { return pool_.cancel(id); }
  void shutdown() { pool_.shutdown(); }

 protected:
  void do_submit(SubmittedJob job) override { forward(pool_, std::move(job)); }

 private:
  ThreadPoolExecutor pool_;
};

// Runs each job where it is submitted, and knows nothing of strands either.
class CallingThreadExecutor : public Executor {
 public:
  std::vector<std::string> errors;

 protected:
  void do_submit(SubmittedJob job) override {
    const JobResult result = job.run();
    if (result.error != nullptr) errors.push_back(describe(result.error));
  }
};

// Keeps jobs until the test runs them, drops them, or refuses them.
class HeldExecutor : public Executor {
 public:
  bool refuse = false;
  std::deque<SubmittedJob> jobs;
  std::vector<std::string> errors;

  void run_one() {
    SubmittedJob job = std::move(jobs.front());
    jobs.pop_front();
    const std::string name = job.name();
    const JobResult result = job.run();
    if (result.error != nullptr) errors.push_back(name + ": " + describe(result.error));
  }
  bool cancel(JobId id) override {
    for (auto job = jobs.begin(); job != jobs.end(); ++job) {
      if (job->id() != id) continue;
      jobs.erase(job);
      return true;
    }
    return false;
  }

 protected:
  void do_submit(SubmittedJob job) override {
    if (refuse) throw QueueFullError("full");
    jobs.push_back(std::move(job));
  }
};

// Both kinds of base keep the same promises.
template <class Base>
class SerialExecutorTest : public ::testing::Test {};
using Bases = ::testing::Types<ThreadPoolExecutor, PlainExecutor>;
TYPED_TEST_SUITE(SerialExecutorTest, Bases);

TYPED_TEST(SerialExecutorTest, RunsInOrderOneAtATime) {
  TypeParam base(ThreadPoolOptions{.threads = 3});
  SerialExecutor strand(base, "mail");
  std::vector<int> order;  // no lock: ThreadSanitizer would see two at a time
  for (int i = 0; i < 2000; ++i) strand.submit([&order, i] { order.push_back(i); });
  ASSERT_TRUE(strand.wait_idle(kLong).ok());
  std::vector<int> expected;
  for (int i = 0; i < 2000; ++i) expected.push_back(i);
  EXPECT_EQ(order, expected);
}

TYPED_TEST(SerialExecutorTest, KeepsTheOrderOfEachOfManySubmitters) {
  TypeParam base(ThreadPoolOptions{.threads = 2, .max_queued = 100'000});
  SerialExecutor strand(base, "mail");
  std::vector<std::vector<int>> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < seen.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 1000; ++i) strand.submit([&, thread, i] { seen[thread].push_back(i); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(strand.wait_idle(kLong).ok());
  for (const std::vector<int>& jobs : seen) {
    EXPECT_EQ(jobs.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(jobs.begin(), jobs.end()));
  }
}

TYPED_TEST(SerialExecutorTest, TwoStrandsRunSideBySide) {
  TypeParam base(ThreadPoolOptions{.threads = 2});
  SerialExecutor one(base, "one");
  SerialExecutor two(base, "two");
  std::latch both(2);
  one.submit([&] { both.arrive_and_wait(); });
  two.submit([&] { both.arrive_and_wait(); });
  EXPECT_TRUE(one.wait_idle(kLong).ok());
  EXPECT_TRUE(two.wait_idle(kLong).ok());
}

TYPED_TEST(SerialExecutorTest, ABusyStrandDoesNotStarveTheBase) {
  TypeParam base(ThreadPoolOptions{.threads = 1});
  SerialExecutor strand(base, "busy");
  std::atomic<bool> stop{false};
  // Submits itself until another job of the base gets its turn.
  struct Again {
    SerialExecutor* strand;
    std::atomic<bool>* stop;
    void operator()() const {
      if (!*stop) strand->submit(*this);
    }
  };
  strand.submit(Again{&strand, &stop});
  base.submit([&] { stop = true; });
  EXPECT_TRUE(strand.wait_idle(kLong).ok());
}

TYPED_TEST(SerialExecutorTest, AJobThatThrowsIsTheBasesFailureAndStopsNothing) {
  std::promise<std::string> failure;
  ThreadPoolOptions options{.threads = 1, .name = "pool"};
  options.on_failure = [&](const JobFailure& f) { failure.set_value(f.to_string()); };
  TypeParam base(options);
  SerialExecutor strand(base, "mail");
  std::promise<std::string> after;
  strand.submit(
      {.name = "send"}, [] { throw std::runtime_error("no such host"); }, kSite);
  strand.submit({.name = "next"}, [&] { after.set_value(current_job()->name()); });
  EXPECT_EQ(after.get_future().get(), "next");
  EXPECT_EQ(failure.get_future().get(), "drydock: executor 'pool': job 'send' (#1, submitted at " +
                                            kAt + ") failed: std::runtime_error: no such host");
}

TYPED_TEST(SerialExecutorTest, JobsRunThoughTheStrandIsGone) {
  std::vector<int> order;
  {
    TypeParam base(ThreadPoolOptions{.threads = 2});
    SerialExecutor strand(base, "mail");
    for (int i = 0; i < 100; ++i) strand.submit([&order, i] { order.push_back(i); });
  }
  EXPECT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TYPED_TEST(SerialExecutorTest, CancelTakesBackWhatWaits) {
  TypeParam base(ThreadPoolOptions{.threads = 1});
  SerialExecutor strand(base, "mail");
  std::vector<std::string> ran;
  std::latch runs(1), open(1);
  base.submit([&] {
    runs.count_down();
    open.wait();
  });
  runs.wait();
  const JobId first = strand.submit([&] { ran.push_back("first"); });  // has the turn
  const JobId second = strand.submit([&] { ran.push_back("second"); });
  strand.submit([&] { ran.push_back("third"); });
  EXPECT_TRUE(strand.cancel(second));
  EXPECT_TRUE(strand.cancel(first)) << "and the turn goes on";
  EXPECT_FALSE(strand.cancel(first));
  open.count_down();
  ASSERT_TRUE(strand.wait_idle(kLong).ok());
  EXPECT_THAT(ran, ElementsAre("third"));
}

TYPED_TEST(SerialExecutorTest, ADelayedJobTakesItsTurnWhenDue) {
  TypeParam base(ThreadPoolOptions{.threads = 2});
  SerialExecutor strand(base, "mail");
  std::vector<std::string> ran;
  std::latch delayed_ran(1);
  strand.submit({.name = "later", .delay = absl::Milliseconds(5)}, [&] {
    ran.push_back(current_job()->name());
    delayed_ran.count_down();
  });
  strand.submit({.name = "now"}, [&] { ran.push_back(current_job()->name()); });
  delayed_ran.wait();
  ASSERT_TRUE(strand.wait_idle(kLong).ok());
  EXPECT_THAT(ran, ElementsAre("now", "later"));
}

TYPED_TEST(SerialExecutorTest, WaitIdleFromItsOwnJobIsRefusedAtOnce) {
  TypeParam base(ThreadPoolOptions{.threads = 2});
  SerialExecutor strand(base, "mail");
  std::promise<absl::Status> result;
  strand.submit([&] { result.set_value(strand.wait_idle(kLong)); });
  EXPECT_EQ(result.get_future().get().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(strand.wait_idle(kLong).ok());
}

TYPED_TEST(SerialExecutorTest, IdsAreThoseOfTheBase) {
  TypeParam base(ThreadPoolOptions{.threads = 1});
  SerialExecutor strand(base, "mail");
  EXPECT_EQ(base.submit([] {}), JobId(1));
  EXPECT_EQ(strand.submit([] {}), JobId(2));
  EXPECT_EQ(base.submit([] {}), JobId(3));
  ASSERT_TRUE(strand.wait_idle(kLong).ok());
}

// --- on a base that keeps the order of strands ----------------------------------------------

TEST(SerialExecutorOnPoolTest, WaitIdleListsTheJobsOfTheStrandOnly) {
  ThreadPoolExecutor pool({.threads = 2, .name = "pool"});
  SerialExecutor strand(pool, "mail");
  SerialExecutor other(pool, "other");
  std::latch run(2), open(1);
  const auto hold = [&] {
    run.count_down();
    open.wait();
  };
  strand.submit({.name = "send"}, hold, kSite);
  other.submit({.name = "elsewhere"}, hold, kSite);
  strand.submit(
      {.name = "next"}, [] {}, kSite);
  run.wait();
  const absl::Status status = strand.wait_idle(absl::Milliseconds(2));
  open.count_down();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  // Either of the two threads may run it.
  std::string text = text_of(status);
  const std::size_t thread = text.find("'pool-2'");
  if (thread != std::string::npos) text.replace(thread, 8, "'pool-1'");
  EXPECT_EQ(text,
            "drydock: strand 'mail' on executor 'pool' is not idle after T: 1 job runs and 1 waits:"
            "\n  running for T on thread 'pool-1': 'send' (#1, submitted at " +
                kAt +
                ")"
                "\n  queued for T: 'next' (#3, submitted at " +
                kAt + ")");
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
}

TEST(SerialExecutorOnPoolTest, TheLimitOfThePoolCountsTheMailbox) {
  ThreadPoolExecutor pool({.threads = 1, .max_queued = 3});
  SerialExecutor strand(pool, "mail");
  std::latch runs(1), open(1);
  strand.submit([&] {
    runs.count_down();
    open.wait();
  });
  runs.wait();
  for (int i = 0; i < 3; ++i) strand.submit([] {});
  EXPECT_THROW(strand.submit([] {}), QueueFullError);
  open.count_down();
  EXPECT_TRUE(strand.wait_idle(kLong).ok());
}

TEST(SerialExecutorOnPoolTest, AStrandOnAStrandKeepsItsOrder) {
  ThreadPoolExecutor pool({.threads = 2});
  SerialExecutor lower(pool, "lower");
  SerialExecutor upper(lower, "upper");
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) upper.submit([&order, i] { order.push_back(i); });
  ASSERT_TRUE(upper.wait_idle(kLong).ok());
  EXPECT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(SerialExecutorOnPoolTest, ShutdownOfThePoolEmptiesTheMailbox) {
  ThreadPoolExecutor pool({.threads = 1});
  SerialExecutor strand(pool, "mail");
  int ran = 0;
  for (int i = 0; i < 10; ++i) strand.submit([&] { ++ran; });
  pool.shutdown();
  EXPECT_EQ(ran, 10);
  EXPECT_THROW(strand.submit([] {}), ExecutorShutDownError);
}

// --- on a base that knows nothing of strands ------------------------------------------------

TEST(SerialExecutorMailboxTest, HandsOverOneJobAtATimeUnderItsOwnName) {
  HeldExecutor base;
  SerialExecutor strand(base, "mail");
  strand.submit({.name = "first"}, [] { throw std::runtime_error("one"); });
  strand.submit({.name = "second"}, [] { throw std::runtime_error("two"); });
  ASSERT_EQ(base.jobs.size(), 1u);
  base.run_one();
  ASSERT_EQ(base.jobs.size(), 1u);
  base.run_one();
  EXPECT_TRUE(base.jobs.empty());
  EXPECT_THAT(base.errors,
              ElementsAre("first: std::runtime_error: one", "second: std::runtime_error: two"));
}

TEST(SerialExecutorMailboxTest, ABaseThatRunsJobsAtOnceDoesNotNestThem) {
  CallingThreadExecutor base;
  SerialExecutor strand(base, "mail");
  int left = 100'000;  // far more than the stack could nest
  int depth = 0;
  int deepest = 0;
  struct Again {
    SerialExecutor* strand;
    int* left;
    int* depth;
    int* deepest;
    void operator()() const {
      *deepest = std::max(*deepest, ++*depth);
      if (--*left > 0) strand->submit(*this);
      --*depth;
    }
  };
  strand.submit(Again{&strand, &left, &depth, &deepest});
  EXPECT_EQ(left, 0);
  EXPECT_EQ(deepest, 1);
}

TEST(SerialExecutorMailboxTest, TheClosureIsGoneBeforeTheNextJobStarts) {
  HeldExecutor base;
  SerialExecutor strand(base, "mail");
  const auto owned = std::make_shared<int>(1);
  strand.submit([owned] {});
  strand.submit([] {});
  base.run_one();
  EXPECT_EQ(owned.use_count(), 1);
  base.run_one();
}

TEST(SerialExecutorMailboxTest, ARefusalReachesTheSubmitterAndLeavesTheStrandFree) {
  HeldExecutor base;
  SerialExecutor strand(base, "mail");
  base.refuse = true;
  EXPECT_THROW(strand.submit([] {}), QueueFullError);
  base.refuse = false;
  bool ran = false;
  strand.submit([&] { ran = true; });
  base.run_one();
  EXPECT_TRUE(ran);
  EXPECT_TRUE(strand.wait_idle(absl::ZeroDuration()).ok());
}

TEST(SerialExecutorMailboxTest, AJobRefusedAtItsTurnIsDroppedAndReported) {
  HeldExecutor base;
  SerialExecutor strand(base, "mail");
  strand.submit([] {});
  strand.submit(
      {.name = "next"}, [] {}, kSite);
  base.refuse = true;
  ::testing::internal::CaptureStderr();
  base.run_one();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "drydock: strand 'mail' dropped job 'next' (#2, submitted at " + kAt +
                "): its base refused it when its turn came: drydock::QueueFullError: full\n");
  EXPECT_TRUE(strand.wait_idle(absl::ZeroDuration()).ok());
}

TEST(SerialExecutorMailboxTest, WaitIdleListsWhatTheBaseHasAndWhatWaits) {
  HeldExecutor base;
  SerialExecutor strand(base, "mail");
  strand.submit(
      {.name = "first"}, [] {}, kSite);
  strand.submit(
      {.name = "second"}, [] {}, kSite);
  const absl::Status status = strand.wait_idle(absl::Milliseconds(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(text_of(status),
            "drydock: strand 'mail' is not idle after T: 0 jobs run and 2 wait:"
            "\n  queued for T: 'first' (#1, submitted at " +
                kAt +
                ")"
                "\n  queued for T: 'second' (#2, submitted at " +
                kAt + ")");
  base.run_one();
  base.run_one();
}

TEST(SerialExecutorMailboxTest, ABaseThatEndsWithJobsDestroysThemUnrun) {
  const auto owned = std::make_shared<int>(1);
  std::optional<HeldExecutor> base(std::in_place);
  std::optional<SerialExecutor> strand(std::in_place, *base, "mail");
  strand->submit([owned] {});
  strand->submit([owned] {});
  strand.reset();
  base.reset();
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace drydock
