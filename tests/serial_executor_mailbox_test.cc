// Strands on a base that knows nothing of them: each has a mailbox of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor_errors.h"
#include "drydock/serial_executor.h"
#include "tests/plain_executor.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

std::string text_of(const absl::Status& status) {
  return without_times(std::string(status.message()));
}

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
