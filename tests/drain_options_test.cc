// Drains of some jobs, in another order; single runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/simulation.h"
#include "tests/job_log.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

TEST(DrainOptions, RunsOneJobAtATime) {
  DeferredExecutor executor;
  JobLog log;
  executor.submit(log.add("a"));
  executor.submit(log.add("b"));
  EXPECT_TRUE(executor.run_one());
  EXPECT_THAT(log.names, ElementsAre("a"));
  EXPECT_TRUE(executor.run_one());
  EXPECT_FALSE(executor.run_one());
  EXPECT_THAT(log.names, ElementsAre("a", "b"));
}

TEST(DrainOptions, RunOneHasNoLimitOfGenerations) {
  DeferredExecutor executor;
  int runs = 0;
  struct Again {
    DeferredExecutor& executor;
    int& runs;
    void operator()() const {
      ++runs;
      executor.submit({.name = "again"}, Again{executor, runs});
    }
  };
  executor.submit({.name = "again"}, Again{executor, runs});
  for (int i = 0; i < 1'500; ++i) EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(runs, 1'500);
  EXPECT_THAT(executor.simulation().findings(), IsEmpty());
}

TEST(DrainOptions, RunOneKeepsAFailure) {
  DeferredExecutor executor;
  executor.submit({.name = "bad"}, [] { throw std::runtime_error("no"); });
  EXPECT_TRUE(executor.run_one());
  EXPECT_THAT(executor.simulation().take_failures(), ElementsAre(Field(&JobRun::name, "bad")));
}

TEST(DrainOptions, RunsOnlyTheJobsThatAreNamed) {
  DeferredExecutor executor;
  JobLog log;
  for (const char* name : {"mail", "report", "mail", "audit"}) {
    executor.submit({.name = name}, log.add(name));
  }
  const DrainReport report = executor.drain({.only = {"mail", "audit"}});
  EXPECT_THAT(names_of(report.runs), ElementsAre("mail", "mail", "audit"));
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].name, "report");
  EXPECT_EQ(report.pending[0].reason, PendingJob::kFiltered);
  EXPECT_TRUE(report.status().ok());
  executor.drain();
  EXPECT_THAT(log.names, ElementsAre("mail", "mail", "audit", "report"));
}

TEST(DrainOptions, FindsAJobByItsDefaultName) {
  DeferredExecutor executor;
  JobLog log;
  const SourceLocation where = SourceLocation::current();
  executor.submit(log.add("unnamed"), where);
  executor.submit({.name = "named"}, log.add("named"));
  executor.drain({.only = {where.short_name()}});
  EXPECT_THAT(log.names, ElementsAre("unnamed"));
}

TEST(DrainOptions, KeepsThePlaceOfTheJobsThatADrainLeft) {
  DeferredExecutor executor;
  JobLog log;
  for (const char* name : {"a", "b", "a", "c", "a"}) {
    executor.submit({.name = name}, log.add(name));
  }
  executor.drain({.only = {"c"}});
  executor.submit({.name = "late"}, log.add("late"));
  executor.drain();
  EXPECT_THAT(log.names, ElementsAre("c", "a", "b", "a", "a", "late"));
}

TEST(DrainOptions, LeavesWhatTheJobsSubmitWhereAskedTo) {
  DeferredExecutor executor;
  JobLog log;
  executor.submit([&] { executor.submit({.name = "spawned"}, log.add("spawned")); });
  executor.submit({.name = "queued"}, log.add("queued"));
  const DrainReport report = executor.drain({.run_spawned = false});
  EXPECT_THAT(log.names, ElementsAre("queued"));
  EXPECT_THAT(report.pending, ElementsAre(Field(&PendingJob::reason, PendingJob::kFiltered)));
  executor.drain({.run_spawned = false});
  EXPECT_THAT(log.names, ElementsAre("queued", "spawned"));
}

TEST(DrainOptions, RunsTheNewestFirstWhereAskedTo) {
  DeferredExecutor executor;
  JobLog log;
  executor.submit([&] {
    log.names.push_back("a");
    executor.submit(log.add("a1"));
  });
  executor.submit([&] {
    log.names.push_back("b");
    executor.submit(log.add("b1"));
  });
  executor.drain({.order = DrainOrder::lifo()});
  EXPECT_THAT(log.names, ElementsAre("b", "b1", "a", "a1"));
}

std::vector<std::string> shuffled(std::uint64_t seed) {
  DeferredExecutor executor;
  JobLog log;
  for (int i = 0; i < 20; ++i) executor.submit(log.add(std::to_string(i)));
  executor.drain({.order = DrainOrder::shuffle(seed)});
  return log.names;
}

TEST(DrainOptions, ShufflesByASeed) {
  std::vector<std::string> in_order;
  for (int i = 0; i < 20; ++i) in_order.push_back(std::to_string(i));
  EXPECT_EQ(shuffled(1), shuffled(1));
  EXPECT_NE(shuffled(1), shuffled(2));
  EXPECT_NE(shuffled(1), in_order);
  EXPECT_THAT(shuffled(1), UnorderedElementsAreArray(in_order));
}

TEST(DrainOptions, ShufflesAHundredThousandJobsInNoTime) {
  DeferredExecutor executor;
  int runs = 0;
  for (int i = 0; i < 100'000; ++i) executor.submit([&] { ++runs; });
  executor.drain({.order = DrainOrder::shuffle(3)});
  EXPECT_EQ(runs, 100'000);
}

TEST(DrainOptions, GivesItsOrderToDrainsThatAskForNone) {
  Simulation simulation({.order = DrainOrder::lifo()});
  DeferredExecutor executor(simulation);
  std::vector<std::string> log;
  const auto submit = [&] {
    for (const char* name : {"a", "b", "c"}) executor.submit([&log, name] { log.push_back(name); });
  };
  submit();
  executor.drain();
  submit();
  executor.drain({.order = DrainOrder::fifo()});
  submit();
  executor.run_one();
  EXPECT_THAT(log, ElementsAre("c", "b", "a", "a", "b", "c", "c"));
}

}  // namespace
}  // namespace drydock
