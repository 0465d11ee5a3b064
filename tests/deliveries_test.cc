// Jobs that are run twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/simulation.h"

namespace drydock {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Deliveries, RunEachJobTwice) {
  DeferredExecutor executor;
  int plain = 0, named = 0, spawned = 0;
  executor.submit([&] { ++plain; });
  executor.submit({.name = "named"}, [&] {
    if (++named == 1) executor.submit([&] { ++spawned; });
  });
  const DrainReport report = executor.drain({.deliveries = 2});
  EXPECT_EQ(plain, 2);
  EXPECT_EQ(named, 2);
  EXPECT_EQ(spawned, 2);
  EXPECT_THAT(report.runs, SizeIs(3));
  EXPECT_EQ(report.runs[0].deliveries, 2);
  EXPECT_THAT(executor.simulation().findings(), IsEmpty());
  EXPECT_EQ(executor.simulation().journal().count(finished("named")), 2U);
}

TEST(Deliveries, FindAJobWhoseSecondRunFails) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  int runs = 0;
  executor.submit(
      {.name = "send"},
      [&] {
        if (++runs == 2) throw std::runtime_error("sent already");
      },
      where);
  const DrainReport report = executor.drain({.deliveries = 2});
  EXPECT_TRUE(report.status().ok());
  const std::vector<Finding> findings = executor.simulation().findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, Finding::kNotIdempotent);
  EXPECT_EQ(findings[0].job, JobId(1));
  EXPECT_EQ(findings[0].where, where);
  EXPECT_EQ(
      findings[0].message,
      "job 'send', submitted at " + where.to_string() +
          ", was delivered more than once, and run 2 failed: std::runtime_error: sent "
          "already.\n  A queue that delivers at least once, or a retry, does this in "
          "production. Let the job see what it has done before: INSERT ... ON CONFLICT DO "
          "NOTHING, a column that says when it was done, a key that the receiver knows again. "
          "Or allow it: sandbox.allow(drydock::Finding::kNotIdempotent).");
}

TEST(Deliveries, LeaveAJobThatFailsTheFirstTime) {
  DeferredExecutor executor;
  int runs = 0;
  executor.submit([&] {
    ++runs;
    throw std::runtime_error("no");
  });
  EXPECT_EQ(executor.drain({.deliveries = 2}).runs.at(0).deliveries, 1);
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(executor.simulation().take_failures(), SizeIs(1));
  EXPECT_THAT(executor.simulation().findings(), IsEmpty());
}

TEST(Deliveries, RunAJobThatCannotBeRunAgainOnce) {
  DeferredExecutor executor;
  int runs = 0;
  Job job = [&] { ++runs; };
  executor.submit({.name = "opaque"}, std::move(job));
  EXPECT_EQ(executor.drain({.deliveries = 2}).runs.at(0).deliveries, 1);
  EXPECT_EQ(runs, 1);
}

TEST(Deliveries, DoNotReachAnotherSimulationsJobs) {
  DeferredExecutor outer;
  InlineExecutor inner;
  int runs = 0;
  Job job = [&] { inner.submit([&] { ++runs; }); };
  outer.submit({}, std::move(job));  // takes no second delivery, nor must what it submits
  outer.drain({.deliveries = 2});
  EXPECT_EQ(runs, 1);
}

TEST(Deliveries, RefuseAnEmptyFunction) {
  DeferredExecutor executor;
  EXPECT_THROW(executor.submit(std::function<void()>()), std::invalid_argument);
  EXPECT_THROW(executor.submit({.name = "empty"}, std::function<void()>()), std::invalid_argument);
}

}  // namespace
}  // namespace drydock
