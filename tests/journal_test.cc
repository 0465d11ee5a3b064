#include "drydock/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

template <class Item>
std::string printed(const Item& item) {
  std::ostringstream text;
  text << item;
  return text.str();
}

std::vector<std::string> lines_of(const Journal& journal) {
  std::vector<std::string> lines;
  for (const Event& event : journal.events()) lines.push_back(printed(event));
  return lines;
}

TEST(Journal, IsEmptyAtFirst) {
  Simulation simulation;
  EXPECT_THAT(simulation.journal().events(), IsEmpty());
  EXPECT_EQ(simulation.journal().forgotten(), 0U);
}

TEST(Journal, TellsWhatHappenedInOneOrder) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  const std::string place = where.to_string();
  executor.submit(
      {.name = "import"},
      [&] {
        executor.submit(
            {.name = "row"}, [] { throw std::runtime_error("no column"); }, where);
        executor.submit(
            {.name = "mail", .delay = absl::Milliseconds(1'500)}, [] {}, where);
      },
      where);
  executor.cancel(executor.submit(
      {.name = "report"}, [] {}, where));
  executor.drain();
  executor.simulation().advance_by(absl::Seconds(2));
  executor.simulation().take_failures();
  EXPECT_THAT(
      lines_of(executor.simulation().journal()),
      ElementsAre("00:00:00.000 submitted 'import' #1 at " + place,
                  "00:00:00.000 submitted 'report' #2 at " + place,
                  "00:00:00.000 cancelled 'report' #2 at " + place, "00:00:00.000 drain started",
                  "00:00:00.000 started 'import' #1 at " + place,
                  "00:00:00.000 submitted 'row' #3 of #1 at " + place,
                  "00:00:00.000 submitted 'mail' #4 of #1 at " + place,
                  "00:00:00.000 finished 'import' #1 at " + place,
                  "00:00:00.000 started 'row' #3 of #1 at " + place,
                  "00:00:00.000 failed 'row' #3 of #1 at " + place, "00:00:00.000 drain ended",
                  "00:00:00.000 drain started", "00:00:01.500 clock advanced",
                  "00:00:01.500 started 'mail' #4 of #1 at " + place,
                  "00:00:01.500 finished 'mail' #4 of #1 at " + place,
                  "00:00:02.000 clock advanced", "00:00:02.000 drain ended"));
}

TEST(Journal, NamesAJobWithoutANameAfterItsSubmit) {
  InlineExecutor executor;
  const SourceLocation where = SourceLocation::current();
  executor.submit([] {}, where);
  EXPECT_EQ(executor.simulation().journal().events().at(0).name, where.short_name());
  EXPECT_EQ(executor.simulation().journal().count(finished(where.short_name())), 1U);
}

TEST(Journal, HasAnEventForEachFinding) {
  DeferredExecutor executor;
  std::function<void()> again = [&] { executor.submit({.name = "again"}, [&] { again(); }); };
  again();
  executor.drain({.max_generation = 2});
  EXPECT_EQ(executor.simulation().journal().count({Event::kFindingMade, "kRunaway"}), 1U);
}

TEST(Journal, CountsByKindAndName) {
  InlineExecutor executor;
  for (const char* name : {"mail", "report", "mail"}) executor.submit({.name = name}, [] {});
  const Journal& journal = executor.simulation().journal();
  EXPECT_EQ(journal.count(submitted("mail")), 2U);
  EXPECT_EQ(journal.count(started("mail")), 2U);
  EXPECT_EQ(journal.count(finished("report")), 1U);
  EXPECT_EQ(journal.count(failed("mail")), 0U);
  EXPECT_EQ(journal.count(dropped("mail")), 0U);
  EXPECT_EQ(journal.count({Event::kFinished}), 3U);
}

TEST(Journal, KeepsNamesApartThatStandForOneEventEach) {
  InlineExecutor executor;
  for (int i = 0; i < 3'000; ++i) executor.submit({.name = "job " + std::to_string(i)}, [] {});
  const std::vector<Event> events = executor.simulation().journal().events();
  ASSERT_EQ(events.size(), 9'000U);
  EXPECT_EQ(events[0].name, "job 0");
  EXPECT_EQ(events[8'999].name, "job 2999");
  EXPECT_EQ(events[8'999].job, JobId(3'000));
}

// A journal keeps equal events in a row as one; what it tells is the same.
TEST(Journal, TellsEachOfManyEqualEvents) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  std::vector<std::string> lines;
  const auto expect = [&](const std::string& what, int job) {
    lines.push_back("00:00:00.000 " + what + " 'row' #" + std::to_string(job) + " at " +
                    where.to_string());
  };
  const auto submit = [&](int jobs, bool fails) {
    for (int i = 0; i < jobs; ++i) {
      const JobId id = executor.submit(
          {.name = "row"}, [fails] { return fails ? throw std::runtime_error("bad") : void(); },
          where);
      expect("submitted", static_cast<int>(id.value()));
    }
  };
  submit(3, false);  // #1 to #3
  submit(2, true);
  submit(2, false);
  executor.cancel(JobId(2));
  expect("cancelled", 2);
  executor.cancel(JobId(3));
  expect("cancelled", 3);
  submit(1, false);  // #8
  executor.drain();
  executor.simulation().take_failures();
  lines.push_back("00:00:00.000 drain started");
  for (const int job : {1, 4, 5, 6, 7, 8}) {
    expect("started", job);
    expect(job == 4 || job == 5 ? "failed" : "finished", job);
  }
  lines.push_back("00:00:00.000 drain ended");
  executor.drain();
  lines.push_back("00:00:00.000 drain started");
  lines.push_back("00:00:00.000 drain ended");
  EXPECT_THAT(lines_of(executor.simulation().journal()), ElementsAreArray(lines));
}

TEST(Journal, TellsWhatHappensInsideOneOfManyEqualRuns) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  for (int i = 1; i <= 4; ++i) {
    executor.submit(
        {.name = "row"}, [&executor, i] { executor.cancel(JobId(i == 3 ? 4 : 100)); }, where);
  }
  executor.drain();
  std::vector<std::string> lines;
  for (const Event& event : executor.simulation().journal().events()) {
    lines.push_back(std::string(to_string(event.kind)) + " " + std::to_string(event.job.value()));
  }
  EXPECT_THAT(lines,
              ElementsAre("submitted 1", "submitted 2", "submitted 3", "submitted 4",
                          "drain started 0", "started 1", "finished 1", "started 2", "finished 2",
                          "started 3", "cancelled 4", "finished 3", "drain ended 0"));
}

TEST(Journal, TellsAMarkFromTheEqualEventsAroundIt) {
  DeferredExecutor executor;
  const auto submit = [&] { return executor.submit([] {}); };
  submit();
  submit();
  const SimulationMark mark = executor.simulation().mark();
  const JobId third = submit();
  const std::vector<Event> events = executor.simulation().events_since(mark);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].job, third);
}

TEST(Journal, ForgetsTheOldestOfVeryManyEvents) {
  DeferredExecutor executor;
  constexpr std::size_t kJobs = 2'150'000;  // two records each, and room for four million
  for (std::size_t i = 0; i < kJobs; ++i) executor.cancel(executor.submit([] {}));
  const Journal& journal = executor.simulation().journal();
  EXPECT_GT(journal.forgotten(), 0U);
  EXPECT_LT(journal.count({Event::kCancelled}), kJobs);
  EXPECT_EQ(
      journal.forgotten() + journal.count({Event::kSubmitted}) + journal.count({Event::kCancelled}),
      2 * kJobs);
}

TEST(Journal, KeepsVeryManyEventsOfTwoNamesInTurn) {
  DeferredExecutor executor;
  constexpr std::size_t kJobs = 2'150'000;
  for (std::size_t i = 0; i < kJobs; ++i) {
    executor.submit({.name = i % 2 == 0 ? "even" : "odd"}, [] {});
  }
  executor.drain();
  const Journal& journal = executor.simulation().journal();
  EXPECT_EQ(journal.forgotten(), 0U);
  for (const char* name : {"even", "odd"}) {
    for (const Event::Kind kind : {Event::kSubmitted, Event::kStarted, Event::kFinished}) {
      EXPECT_EQ(journal.count({kind, name}), kJobs / 2);
    }
  }
}

TEST(Journal, KeepsVeryManyEqualEvents) {
  DeferredExecutor executor;
  constexpr std::size_t kJobs = 2'150'000;  // more than one record can stand for
  for (std::size_t i = 0; i < kJobs; ++i) executor.submit([] {});
  executor.drain();
  const Journal& journal = executor.simulation().journal();
  EXPECT_EQ(journal.forgotten(), 0U);
  for (const Event::Kind kind : {Event::kSubmitted, Event::kStarted, Event::kFinished}) {
    EXPECT_EQ(journal.count({kind}), kJobs);
  }
}

// Of two lines in turn, which share records until the times are kept.
TEST(Journal, KnowsTheThreadOfEachEventSinceItKeepsTimes) {
  DeferredExecutor executor;
  const auto submit_and_drain = [&] {
    for (int i = 0; i < 20; ++i) executor.submit({.name = i % 2 == 0 ? "even" : "odd"}, [] {});
    executor.drain();
  };
  submit_and_drain();
  const std::size_t before = executor.simulation().journal().events().size();
  executor.simulation().journal().keep_real_times();
  submit_and_drain();
  const std::vector<Event> events = executor.simulation().journal().events();
  ASSERT_EQ(events.size(), 2 * before);
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].thread, i < before ? 0 : 1) << events[i];
    EXPECT_EQ(events[i].name, events[i % before].name) << i;
  }
}

TEST(Journal, WaitsForNothingThatHasHappenedAlready) {
  InlineExecutor executor;
  executor.submit({.name = "mail"}, [] {});
  EXPECT_TRUE(
      executor.simulation().journal().wait_for(finished("mail"), absl::ZeroDuration()).ok());
}

TEST(Journal, WaitsForAnEventOfAnotherThread) {
  InlineExecutor executor;
  std::latch waiting(1);
  std::thread other([&] {
    waiting.wait();
    executor.submit({.name = "fsm"}, [] {});
  });
  waiting.count_down();
  EXPECT_TRUE(executor.simulation().journal().wait_for(finished("fsm"), absl::Seconds(30)).ok());
  other.join();
}

TEST(Journal, NamesWhatDidHappenWhereTheEventDidNot) {
  InlineExecutor executor;
  executor.submit({.name = "mail"}, [] {});
  executor.submit({.name = "report"}, [] {});
  const Journal& journal = executor.simulation().journal();
  const absl::Status finished_fsm = journal.wait_for(finished("fsm"), absl::Milliseconds(1));
  EXPECT_EQ(finished_fsm.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(finished_fsm.message(),
            "drydock: waited 1ms for the event finished 'fsm', which did not happen. What did: "
            "'mail', 'report'.");
}

TEST(Journal, SaysOfEachKindThatNoneHappened) {
  Simulation simulation;
  const Journal& journal = simulation.journal();
  const auto text = [&](Event::Kind kind) {
    return std::string(journal.wait_for({kind}, absl::ZeroDuration()).message());
  };
  const std::string waited = "drydock: waited 0 for the event ";
  const std::string missing = ", which did not happen. ";
  EXPECT_EQ(text(Event::kSubmitted), waited + "submitted" + missing + "No job was submitted.");
  EXPECT_EQ(text(Event::kStarted), waited + "started" + missing + "No job has started.");
  EXPECT_EQ(text(Event::kFinished), waited + "finished" + missing + "No job has finished.");
  EXPECT_EQ(text(Event::kFailed), waited + "failed" + missing + "No job has failed.");
  EXPECT_EQ(text(Event::kCancelled), waited + "cancelled" + missing + "No job was cancelled.");
  EXPECT_EQ(text(Event::kDropped), waited + "dropped" + missing + "No job or hook was dropped.");
  EXPECT_EQ(text(Event::kDrainStarted),
            waited + "drain started" + missing + "No drain has started.");
  EXPECT_EQ(text(Event::kDrainEnded), waited + "drain ended" + missing + "No drain has ended.");
  EXPECT_EQ(text(Event::kClockAdvanced),
            waited + "clock advanced" + missing + "The clock was not advanced.");
  EXPECT_EQ(text(Event::kTransactionBegan),
            waited + "transaction began" + missing + "No transaction has begun.");
  EXPECT_EQ(text(Event::kTransactionCommitted),
            waited + "transaction committed" + missing + "No transaction was committed.");
  EXPECT_EQ(text(Event::kTransactionRolledBack),
            waited + "transaction rolled back" + missing + "No transaction was rolled back.");
  EXPECT_EQ(text(Event::kHookFailed), waited + "hook failed" + missing + "No hook has failed.");
  EXPECT_EQ(text(Event::kFindingMade), waited + "finding made" + missing + "No finding was made.");
}

TEST(Journal, HasAWordForEachKind) {
  EXPECT_STREQ(to_string(Event::kSubmitted), "submitted");
  EXPECT_STREQ(to_string(Event::kDropped), "dropped");
  EXPECT_STREQ(to_string(Event::kTransactionBegan), "transaction began");
  EXPECT_STREQ(to_string(Event::kTransactionCommitted), "transaction committed");
  EXPECT_STREQ(to_string(Event::kTransactionRolledBack), "transaction rolled back");
  EXPECT_STREQ(to_string(Event::kHookFailed), "hook failed");
  EXPECT_STREQ(to_string(Event::kFindingMade), "finding made");
}

TEST(Journal, SaysWhetherOneEventCameBeforeAnother) {
  InlineExecutor executor;
  const SourceLocation where = SourceLocation::current();
  executor.submit(
      {.name = "save"}, [] {}, where);
  executor.submit(
      {.name = "mail"}, [] {}, where);
  const Journal& journal = executor.simulation().journal();
  EXPECT_TRUE(journal.happened_before(finished("save"), started("mail")).ok());
  const absl::Status wrong = journal.happened_before(finished("mail"), started("save"));
  EXPECT_EQ(wrong.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(wrong.message(),
            "drydock: finished 'mail' did not happen before started 'save': it happened after.\n"
            "  00:00:00.000 started 'save' #1 at " +
                where.to_string() + "\n  00:00:00.000 finished 'mail' #2 at " + where.to_string());
  EXPECT_EQ(journal.happened_before(finished("save"), failed("mail")).message(),
            "drydock: finished 'save' did not happen before failed 'mail': failed 'mail' did not "
            "happen at all.\n  00:00:00.000 finished 'save' #1 at " +
                where.to_string());
  EXPECT_EQ(journal.happened_before(failed("save"), failed("mail")).message(),
            "drydock: failed 'save' did not happen before failed 'mail': neither happened.");
}

TEST(Journal, DoesNotWaitForAJobThatOnlyTheWaitingThreadCouldRun) {
  Simulation simulation;
  DeferredExecutor executor(simulation, "mail");
  const SourceLocation where = SourceLocation::current();
  executor.submit(
      {.name = "send"}, [] {}, where);
  const absl::Status status = simulation.journal().wait_for(finished("send"), absl::Hours(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  const std::string text =
      "code outside any job waited until job 'send' (#1, submitted at " + where.to_string() +
      ") has finished, and holds the only thread that could run it.\n  In production that is a "
      "deadlock as soon as every thread of the pool waits like this. In a test call drain() before "
      "wait_for(); in a job submit what comes after as a job of its own instead of waiting. Or "
      "allow it: sandbox.allow(drydock::Finding::kBlockedSubmit).";
  EXPECT_EQ(status.message(), text);
  const std::vector<Finding> findings = simulation.findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Finding::kBlockedSubmit);
  EXPECT_EQ(findings[0].message, text);
  EXPECT_EQ(findings[0].job, JobId(1));
  EXPECT_EQ(findings[0].where, where);
}

TEST(Journal, DoesNotLetAJobWaitForTheOneBehindIt) {
  InlineExecutor executor;
  absl::StatusCode code = absl::StatusCode::kOk;
  std::thread([&] {
    executor.submit([&] {
      executor.submit({.name = "next"}, [] {});
      code = executor.simulation().journal().wait_for(started("next"), absl::Hours(1)).code();
    });
  }).join();
  EXPECT_EQ(code, absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace drydock
