// Strands on a base that keeps their order itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor_errors.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

std::string text_of(const absl::Status& status) {
  return without_times(std::string(status.message()));
}

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

}  // namespace
}  // namespace drydock
