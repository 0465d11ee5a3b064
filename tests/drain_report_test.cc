#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/drain.h"

namespace drydock {
namespace {

using ::testing::Field;
using ::testing::SizeIs;

// What a failed assertion shows.
std::string printed(const DrainReport& report) { return ::testing::PrintToString(report); }

TEST(DrainReport, OfNothingIsOk) {
  EXPECT_TRUE(DrainReport().status().ok());
  EXPECT_EQ(printed(DrainReport()), "0 run, 0 pending");
}

TEST(DrainReport, NamesEveryFailureInItsStatus) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  executor.submit(
      {.name = "a"}, [] { throw std::runtime_error("first"); }, where);
  executor.submit(
      {.name = "b"}, [] {}, where);
  executor.submit(
      {.name = "c"},
      [&] {
        executor.submit(
            {.name = "d"}, [] { throw 4; }, where);
      },
      where);
  const absl::Status status = executor.drain().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "job 'a' (#1, submitted at " + where.to_string() +
                                  ") failed: std::runtime_error: first\n"
                                  "job 'd' (#4, submitted at " +
                                  where.to_string() +
                                  ") failed: an exception of type int\n"
                                  "  submitted by 'c' (#3, submitted at " +
                                  where.to_string() + ")");
  executor.simulation().take_failures();
}

TEST(DrainReport, IsOkWithJobsPending) {
  DeferredExecutor executor;
  executor.submit({.delay = absl::Seconds(1)}, [] {});
  EXPECT_TRUE(executor.drain().status().ok());
}

TEST(DrainReport, PrefersALimitToAFailureInItsStatus) {
  DeferredExecutor executor;
  std::function<void()> again = [&] { executor.submit({.name = "again"}, [&] { again(); }); };
  executor.submit([] { throw std::runtime_error("no"); });
  again();
  const DrainReport report = executor.drain({.max_generation = 2});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(report.status(), report.limit);
  executor.simulation().take_failures();
}

TEST(DrainReport, PrintsRunsAndWhatIsPendingAndWhy) {
  Simulation simulation;
  DeferredExecutor mail(simulation, "mail"), reports(simulation, "reports");
  const SourceLocation where = SourceLocation::current();
  const std::string place = where.to_string();
  mail.submit(
      {.name = "send"}, [] {}, where);
  mail.submit(
      {.name = "bounce"}, [] { throw std::runtime_error("no such host"); }, where);
  mail.submit(
      {.name = "remind", .delay = absl::Milliseconds(90'500)}, [] {}, where);
  reports.submit(
      {.name = "monthly"}, [] {}, where);
  EXPECT_EQ(printed(mail.drain()),
            "2 run, 2 pending\n"
            "  job 'send' (#1, submitted at " +
                place +
                ") succeeded\n"
                "  job 'bounce' (#2, submitted at " +
                place +
                ") failed: std::runtime_error: no such host\n"
                "  pending: job 'monthly' (#4, submitted at " +
                place +
                "): filtered, on executor 'reports'\n"
                "  pending: job 'remind' (#3, submitted at " +
                place +
                "): not due until 2000-01-01 00:01:30.5 of the simulated clock, on executor "
                "'mail'");
  simulation.take_failures();
}

TEST(DrainReport, PrintsOfVeryManyTheFirstAndThoseThatFailed) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  const auto submit = [&](const std::string& name, bool fails, absl::Duration delay) {
    executor.submit(
        {.name = name, .delay = delay},
        [fails] {
          if (fails) throw std::runtime_error("no");
        },
        where);
  };
  for (int i = 1; i <= 1000; ++i) submit("run", i == 500, absl::ZeroDuration());
  for (int i = 1; i <= 30; ++i) submit("later", false, absl::Seconds(1));
  std::string text = "1000 run, 30 pending";
  const auto job = [&](const char* name, int id) {
    return "job '" + std::string(name) + "' (#" + std::to_string(id) + ", submitted at " +
           where.to_string() + ")";
  };
  for (int i = 1; i <= 20; ++i) text += "\n  " + job("run", i) + " succeeded";
  text += "\n  " + job("run", 500) + " failed: std::runtime_error: no\n  … and 979 more run";
  for (int i = 1001; i <= 1020; ++i) {
    text += "\n  pending: " + job("later", i) +
            ": not due until 2000-01-01 00:00:01 of the simulated clock";
  }
  text += "\n  … and 10 more pending";
  EXPECT_EQ(printed(executor.drain()), text);
  executor.simulation().take_failures();
}

// What a failed assertion prints.
TEST(DrainReport, IsReadableInAFailureOfGoogleTest) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  executor.submit(
      {.name = "send"}, [] { throw std::runtime_error("no mail server"); }, where);
  const DrainReport report = executor.drain();
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(report, Field(&DrainReport::runs, SizeIs(2))),
                          "  Actual: 1 run, 0 pending\n  job 'send' (#1, submitted at " +
                              where.to_string() + ") failed: std::runtime_error: no mail server");
  executor.simulation().take_failures();
}

TEST(DrainReport, PrintsTheLimitThatWasReached) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  const std::string place = where.to_string();
  std::function<void()> again = [&] {
    executor.submit(
        {.name = "again"}, [&] { again(); }, where);
  };
  again();
  const DrainReport report = executor.drain({.max_generation = 0});
  EXPECT_EQ(printed(report),
            "1 run, 1 pending\n"
            "  job 'again' (#1, submitted at " +
                place +
                ") succeeded\n"
                "  pending: job 'again' (#2, submitted at " +
                place +
                "): over limit\n"
                "    submitted by 'again' (#1, submitted at " +
                place +
                ")\n"
                "  " +
                std::string(report.limit.message()));
}

TEST(PendingJob, HasAWordForEachReason) {
  EXPECT_STREQ(to_string(PendingJob::kQueued), "queued");
  EXPECT_STREQ(to_string(PendingJob::kNotDue), "not due");
  EXPECT_STREQ(to_string(PendingJob::kFiltered), "filtered");
  EXPECT_STREQ(to_string(PendingJob::kAwaitingCommit), "awaiting commit");
  EXPECT_STREQ(to_string(PendingJob::kOverLimit), "over limit");
}

TEST(DrainOrder, KeepsItsSeed) {
  EXPECT_EQ(DrainOrder::fifo().kind(), DrainOrder::kFifo);
  EXPECT_EQ(DrainOrder::lifo().kind(), DrainOrder::kLifo);
  EXPECT_EQ(DrainOrder::shuffle(7).kind(), DrainOrder::kShuffle);
  EXPECT_EQ(DrainOrder::shuffle(7).seed(), 7U);
}

}  // namespace
}  // namespace drydock
