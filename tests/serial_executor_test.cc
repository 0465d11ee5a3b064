#include "drydock/serial_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
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
#include "tests/plain_executor.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

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

// Two busy strands and plain jobs share one thread: each has its turn, whoever came first.
TYPED_TEST(SerialExecutorTest, StrandsAndPlainJobsTakeTurnsOnOneThread) {
  TypeParam base(ThreadPoolOptions{.threads = 1});
  SerialExecutor one(base, "one");
  SerialExecutor two(base, "two");
  std::vector<std::string> order;  // of one thread
  {
    std::latch all_submitted(1);
    base.submit([&] { all_submitted.wait(); });
    for (int i = 0; i < 4; ++i) one.submit([&] { order.push_back("one"); });
    for (int i = 0; i < 4; ++i) two.submit([&] { order.push_back("two"); });
    for (int i = 0; i < 2; ++i) base.submit([&] { order.push_back("plain"); });
    all_submitted.count_down();
    ASSERT_TRUE(one.wait_idle(kLong).ok());
    ASSERT_TRUE(two.wait_idle(kLong).ok());
  }
  EXPECT_THAT(
      order, ElementsAre("one", "two", "plain", "plain", "one", "two", "one", "two", "one", "two"));
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

TYPED_TEST(SerialExecutorTest, ARecurringJobTakesItsTurn) {
  TypeParam base(ThreadPoolOptions{.threads = 2});
  SerialExecutor strand(base, "mail");
  std::vector<std::string> ran;  // no lock: one at a time
  std::latch ticked(3);
  strand.submit_every({.name = "tick"}, absl::Microseconds(100), [&] {
    ran.push_back(current_job()->name());
    if (ran.size() > 100) return;
    ticked.count_down();
    strand.submit([&] { ran.push_back("job"); });
    if (std::count(ran.begin(), ran.end(), "tick") == 3) strand.cancel(current_job()->id());
  });
  ticked.wait();
  ASSERT_TRUE(strand.wait_idle(kLong).ok());
  EXPECT_EQ(std::count(ran.begin(), ran.end(), "tick"), 3);
  EXPECT_EQ(std::count(ran.begin(), ran.end(), "job"), 3);
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

}  // namespace
}  // namespace drydock
