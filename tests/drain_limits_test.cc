// Jobs that submit jobs for ever, and what is said of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"

namespace drydock {
namespace {

using ::testing::SizeIs;

// Submits itself again, for ever.
struct Retry {
  DeferredExecutor& executor;
  SourceLocation where;
  int& runs;
  void operator()() const {
    ++runs;
    executor.submit({.name = "retry"}, *this, where);
  }
};

std::string runaway_text(const std::string& limit, const std::string& chain,
                         const std::string& next, SourceLocation where) {
  return "the drain stopped: " + limit + ".\n" + chain + "  Next would be '" + next +
         "', submitted at " + where.to_string() +
         ".\n  A job that submits itself again keeps a drain busy for ever. Give it a delay and "
         "step with advance_by(), run single jobs with run_one(), leave new ones with "
         "drain({.run_spawned = false}), or raise the limit in DrainOptions.";
}

TEST(DrainLimits, StopsAtTheLimitOfGenerations) {
  DeferredExecutor executor;
  int runs = 0;
  const SourceLocation where = SourceLocation::current();
  executor.submit({.name = "retry"}, Retry{executor, where, runs}, where);
  const DrainReport report = executor.drain();
  EXPECT_EQ(runs, 1'001);  // the first, and a thousand with one to a thousand submitters
  EXPECT_EQ(report.status().code(), absl::StatusCode::kResourceExhausted);
  const std::string text = runaway_text(
      "a job had 1000 submitters above it (DrainOptions::max_generation)",
      "  The chain repeats: 'retry' (submitted at " + where.to_string() + ") -> and again.\n",
      "retry", where);
  EXPECT_EQ(report.status().message(), text);
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].reason, PendingJob::kOverLimit);
  const std::vector<Finding> findings = executor.simulation().findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, Finding::kRunaway);
  EXPECT_EQ(findings[0].message, text);
  EXPECT_EQ(findings[0].job, JobId(1'002));
  EXPECT_EQ(findings[0].where, where);
}

TEST(DrainLimits, NamesACycleOfTwoInTheOrderOfTheSubmits) {
  DeferredExecutor executor;
  const SourceLocation ping_place = SourceLocation::current();
  const SourceLocation pong_place = SourceLocation::current();
  std::function<void()> ping, pong;
  ping = [&] {
    executor.submit(
        {.name = "pong"}, [&] { pong(); }, pong_place);
  };
  pong = [&] {
    executor.submit(
        {.name = "ping"}, [&] { ping(); }, ping_place);
  };
  executor.submit(
      {.name = "ping"}, [&] { ping(); }, ping_place);
  const DrainReport report = executor.drain({.max_generation = 7});
  EXPECT_THAT(report.runs, SizeIs(8));
  EXPECT_EQ(
      report.status().message(),
      runaway_text("a job had 7 submitters above it (DrainOptions::max_generation)",
                   "  The chain repeats: 'ping' (submitted at " + ping_place.to_string() +
                       ") -> 'pong' (submitted at " + pong_place.to_string() + ") -> and again.\n",
                   "ping", ping_place));
}

TEST(DrainLimits, StopsAtTheLimitOfSpawnedJobsButRunsWhatWasQueued) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  const SourceLocation child_place = SourceLocation::current();
  int children = 0;
  for (int i = 0; i < 5; ++i) {
    executor.submit(
        {.name = "parent"},
        [&] {
          executor.submit(
              {.name = "child"}, [&] { ++children; }, child_place);
        },
        where);
  }
  const DrainReport report = executor.drain({.max_spawned = 3});
  EXPECT_EQ(children, 3);
  EXPECT_THAT(report.runs, SizeIs(8));
  EXPECT_THAT(report.pending, SizeIs(2));
  EXPECT_EQ(
      report.status().message(),
      runaway_text("its own jobs had submitted 3 more (DrainOptions::max_spawned)",
                   "  Its nearest submitters: 'parent' (submitted at " + where.to_string() + ").\n",
                   "child", child_place));
}

TEST(DrainLimits, ShowsTheFiveNearestSubmittersOfAChainThatDoesNotRepeat) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  std::function<void(int)> next = [&](int i) {
    executor.submit(
        {.name = "step " + std::to_string(i)}, [&, i] { next(i + 1); }, where);
  };
  next(1);
  const DrainReport report = executor.drain({.max_generation = 6});
  std::string chain = "  Its nearest submitters: ";
  for (int i = 3; i <= 7; ++i) {
    chain += "'step " + std::to_string(i) + "' (submitted at " + where.to_string() + ")" +
             (i < 7 ? " -> " : ".\n");
  }
  EXPECT_EQ(report.status().message(),
            runaway_text("a job had 6 submitters above it (DrainOptions::max_generation)", chain,
                         "step 8", where));
}

TEST(DrainLimits, RunsAnyNumberOfJobsThatWereQueuedBefore) {
  DeferredExecutor executor;
  int runs = 0;
  for (int i = 0; i < 100; ++i) executor.submit([&] { ++runs; });
  EXPECT_TRUE(executor.drain({.max_spawned = 0}).status().ok());
  EXPECT_EQ(runs, 100);
}

}  // namespace
}  // namespace drydock
