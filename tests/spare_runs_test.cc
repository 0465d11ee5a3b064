// The memory of a report serves the thread's next drain, and nothing of the old report is seen
// there.
#include "src/spare_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "drydock/deferred_executor.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names_of(const DrainReport& report) {
  std::vector<std::string> names;
  for (const JobRun& run : report.runs) names.push_back(run.name + "@" + run.executor);
  return names;
}

TEST(SpareRuns, ServeTheNextDrain) {
  DeferredExecutor executor;
  const JobRun* memory = nullptr;
  {
    executor.submit([] {});
    const DrainReport report = executor.drain();
    memory = report.runs.data();
  }
  executor.submit([] {});
  EXPECT_EQ(executor.drain().runs.data(), memory);
}

TEST(SpareRuns, AreWrittenOver) {
  Simulation simulation;
  DeferredExecutor mail(simulation, "mail");
  DeferredExecutor reports(simulation, "reports");
  for (int i = 0; i < 5; ++i) mail.submit({.name = "a name that is longer than a word"}, [] {});
  { const DrainReport report = simulation.drain(); }
  reports.submit({.name = "a name that is longer than a ward"}, [] {});
  mail.submit({.name = "short"}, [&] { reports.submit({.name = "nested"}, [] {}); });
  const DrainReport report = simulation.drain();
  EXPECT_THAT(names_of(report), ElementsAre("a name that is longer than a ward@reports",
                                            "short@mail", "nested@reports"));
  EXPECT_EQ(report.runs.at(2).parent, report.runs.at(1).id);
  EXPECT_EQ(report.runs.at(2).generation, 1);
}

TEST(SpareRuns, DoNotShowWhatTheirOwnerWroteThere) {
  DeferredExecutor executor;
  executor.submit({.name = "job"}, [] {});
  {
    DrainReport report = executor.drain();
    report.runs.at(0).name = "other";
    report.runs.at(0).error = "an error";
    report.runs.at(0).outcome = JobRun::kFailed;
    report.runs.at(0).ancestors.push_back({JobId(7), "parent", {}});
  }
  executor.submit({.name = "job"}, [] {});
  const DrainReport report = executor.drain();
  EXPECT_THAT(names_of(report), ElementsAre("job@"));
  EXPECT_EQ(report.runs.at(0).error, "");
  EXPECT_EQ(report.runs.at(0).outcome, JobRun::kSucceeded);
  EXPECT_THAT(report.runs.at(0).ancestors, IsEmpty());
}

TEST(SpareRuns, DoNotKeepAnException) {
  DeferredExecutor executor;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> held = owned;
  executor.submit([owned = std::move(owned)]() mutable { throw std::move(owned); });
  {
    const DrainReport report = executor.drain();
    EXPECT_FALSE(report.status().ok());
  }
  executor.simulation().take_failures();
  EXPECT_TRUE(held.expired());
}

TEST(SpareRuns, AreTheThreadsOwn) {
  DeferredExecutor executor;
  for (int i = 0; i < 3; ++i) executor.submit({.name = "job"}, [] {});
  std::optional<DrainReport> report = executor.drain();
  std::thread([&] {
    report.reset();
    DeferredExecutor other;
    other.submit({.name = "other"}, [] {});
    EXPECT_THAT(names_of(other.drain()), ElementsAre("other@"));
  }).join();
  executor.submit({.name = "last"}, [] {});
  EXPECT_THAT(names_of(executor.drain()), ElementsAre("last@"));
}

TEST(SpareRuns, ComeFromAReportThatOutlivesItsExecutor) {
  DrainReport report;
  {
    DeferredExecutor executor;
    executor.submit({.name = "job"}, [] {});
    report = executor.drain();
  }
  EXPECT_THAT(names_of(report), ElementsAre("job@"));
  report = DrainReport();
  DeferredExecutor executor;
  executor.submit({.name = "next"}, [] {});
  EXPECT_THAT(names_of(executor.drain()), ElementsAre("next@"));
}

TEST(SpareRuns, ComeFromAReportThatEndsInAJob) {
  DeferredExecutor executor;
  executor.submit({.name = "first"}, [] {});
  std::optional<DrainReport> earlier = executor.drain();
  executor.submit({.name = "second"}, [&] { earlier.reset(); });
  executor.submit({.name = "third"}, [] {});
  EXPECT_THAT(names_of(executor.drain()), ElementsAre("second@", "third@"));
  executor.submit({.name = "fourth"}, [] {});
  EXPECT_THAT(names_of(executor.drain()), ElementsAre("fourth@"));
}

TEST(SpareRuns, AreNotKeptWhereTheThreadHasEnded) {
  std::thread([] {
    // Made before the thread keeps any, and so destroyed after.
    static thread_local DrainReport last;
    EXPECT_THAT(last.runs, IsEmpty());
    DeferredExecutor executor;
    for (const char* name : {"first", "second"}) {
      executor.submit({.name = name}, [] {});
      last = executor.drain();
    }
    EXPECT_THAT(names_of(last), ElementsAre("second@"));
  }).join();
}

TEST(SpareRuns, StayWithTheCopiedReport) {
  DeferredExecutor executor;
  executor.submit({.name = "job"}, [] {});
  DrainReport report = executor.drain();
  const DrainReport copy = report;
  report = DrainReport();
  executor.submit({.name = "next"}, [] {});
  EXPECT_THAT(names_of(executor.drain()), ElementsAre("next@"));
  EXPECT_THAT(names_of(copy), ElementsAre("job@"));
}

}  // namespace
}  // namespace drydock
