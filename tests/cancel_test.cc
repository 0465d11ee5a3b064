// Jobs that are taken back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "tests/job_log.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

TEST(Cancel, DoesNotRunACancelledJob) {
  DeferredExecutor executor;
  JobLog log;
  executor.submit(log.add("a"));
  const JobId b = executor.submit(log.add("b"));
  const JobId later = executor.submit({.delay = absl::Seconds(1)}, log.add("later"));
  EXPECT_TRUE(executor.cancel(b));
  EXPECT_FALSE(executor.cancel(b));
  EXPECT_TRUE(executor.cancel(later));
  EXPECT_EQ(executor.pending_count(), 1U);
  executor.simulation().advance_by(absl::Seconds(2));
  EXPECT_THAT(log.names, ElementsAre("a"));
}

TEST(Cancel, DoesNotRunAJobThatAnEarlierJobOfTheDrainCancelled) {
  DeferredExecutor executor;
  JobLog log;
  JobId second;
  bool cancelled = false;
  executor.submit([&] { cancelled = executor.cancel(second); });
  second = executor.submit(log.add("second"));
  executor.submit(log.add("third"));
  executor.drain();
  EXPECT_TRUE(cancelled);
  EXPECT_THAT(log.names, ElementsAre("third"));
}

TEST(Cancel, CannotCancelWhatRunsOrRanOrNeverWas) {
  DeferredExecutor executor;
  bool while_running = true;
  JobId id;
  id = executor.submit([&] { while_running = executor.cancel(id); });
  executor.drain();
  EXPECT_FALSE(while_running);
  EXPECT_FALSE(executor.cancel(id));
  EXPECT_FALSE(executor.cancel(JobId()));
  EXPECT_FALSE(executor.cancel(JobId(1'000'000)));
}

}  // namespace
}  // namespace drydock
