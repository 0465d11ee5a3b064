#include "drydock/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Simulation, HasOneOrderForAllItsExecutors) {
  Simulation simulation;
  DeferredExecutor mail(simulation, "mail"), reports(simulation, "reports");
  std::vector<std::string> log;
  mail.submit([&] { log.push_back("mail 1"); });
  reports.submit([&] { log.push_back("report"); });
  mail.submit([&] { log.push_back("mail 2"); });
  const DrainReport report = simulation.drain();
  EXPECT_THAT(log, ElementsAre("mail 1", "report", "mail 2"));
  EXPECT_THAT(report.runs,
              ElementsAre(Field(&JobRun::executor, "mail"), Field(&JobRun::executor, "reports"),
                          Field(&JobRun::executor, "mail")));
}

TEST(Simulation, LeavesOtherExecutorsJobsToADrainOfOne) {
  Simulation simulation;
  DeferredExecutor mail(simulation, "mail"), reports(simulation, "reports");
  std::vector<std::string> log;
  reports.submit({.name = "monthly"}, [&] { log.push_back("report"); });
  mail.submit([&] {
    log.push_back("mail");
    reports.submit([&] { log.push_back("second report"); });
    mail.submit([&] { log.push_back("second mail"); });
  });
  const DrainReport report = mail.drain();
  EXPECT_THAT(log, ElementsAre("mail", "second mail"));
  ASSERT_THAT(report.pending, SizeIs(2));
  EXPECT_EQ(report.pending[0].name, "monthly");
  EXPECT_EQ(report.pending[0].executor, "reports");
  EXPECT_EQ(report.pending[0].reason, PendingJob::kFiltered);
  EXPECT_EQ(mail.pending_count(), 0U);
  EXPECT_EQ(reports.pending_count(), 2U);
}

TEST(Simulation, KeepsTheJobsOfAnExecutorThatIsGone) {
  Simulation simulation;
  bool ran = false;
  {
    DeferredExecutor executor(simulation);
    executor.submit([&] { ran = true; });
  }
  simulation.drain();
  EXPECT_TRUE(ran);
}

TEST(Simulation, RunsTheOneJobThatADrainWouldRunFirst) {
  Simulation simulation;
  DeferredExecutor mail(simulation, "mail"), reports(simulation, "reports");
  std::vector<std::string> log;
  reports.submit([&] { log.push_back("report"); });
  mail.submit([&] { log.push_back("mail"); });
  mail.submit({.delay = absl::Seconds(1)}, [&] { log.push_back("late mail"); });
  EXPECT_TRUE(simulation.run_one());
  EXPECT_THAT(log, ElementsAre("report"));
  EXPECT_TRUE(simulation.run_one());
  EXPECT_FALSE(simulation.run_one());
  EXPECT_THAT(log, ElementsAre("report", "mail"));
}

TEST(Simulation, RunsTheInlineJobsOfTheOneJobToo) {
  Simulation simulation;
  DeferredExecutor deferred(simulation);
  InlineExecutor immediate(simulation);
  std::vector<std::string> log;
  deferred.submit([&] {
    immediate.submit([&] { log.push_back("inline"); });
    log.push_back("deferred");
  });
  deferred.submit([&] { log.push_back("second"); });
  EXPECT_TRUE(simulation.run_one());
  EXPECT_THAT(log, ElementsAre("deferred", "inline"));
  simulation.drain();
}

// --- Time.

TEST(Simulation, StartsAtTheSameTimeInEveryTest) {
  Simulation simulation;
  EXPECT_EQ(simulation.clock().now(),
            absl::FromCivil(absl::CivilDay(2000, 1, 1), absl::UTCTimeZone()));
}

TEST(Simulation, StepsToEachDueTimeInTurn) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const absl::Time start = simulation.clock().now();
  std::vector<absl::Duration> ran_at;
  const auto note = [&] { ran_at.push_back(simulation.clock().now() - start); };
  for (const int seconds : {5, 1, 3}) executor.submit({.delay = absl::Seconds(seconds)}, note);
  executor.submit({.delay = absl::Seconds(2)}, [&] {
    note();
    executor.submit({.delay = absl::Seconds(2)}, note);
  });
  const DrainReport report = simulation.advance_by(absl::Seconds(4));
  EXPECT_THAT(ran_at,
              ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(3), absl::Seconds(4)));
  EXPECT_EQ(simulation.clock().now(), start + absl::Seconds(4));
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].reason, PendingJob::kNotDue);
  EXPECT_EQ(report.pending[0].due, start + absl::Seconds(5));
}

TEST(Simulation, RunsWhatIsDueAtOnceBeforeItMovesTheClock) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const absl::Time start = simulation.clock().now();
  absl::Time ran_at;
  executor.submit([&] { ran_at = simulation.clock().now(); });
  simulation.advance_by(absl::Seconds(1));
  EXPECT_EQ(ran_at, start);
}

TEST(Simulation, RunsJobsOfOneDueTimeInTheOrderOfSubmits) {
  Simulation simulation;
  DeferredExecutor first(simulation), second(simulation);
  std::vector<std::string> log;
  first.submit({.delay = absl::Seconds(1)}, [&] { log.push_back("a"); });
  second.submit({.delay = absl::Seconds(1)}, [&] { log.push_back("b"); });
  first.submit({.delay = absl::Seconds(1)}, [&] { log.push_back("c"); });
  simulation.advance_by(absl::Seconds(1));
  EXPECT_THAT(log, ElementsAre("a", "b", "c"));
}

TEST(Simulation, DoesNotRunWhatIsNotDue) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  executor.submit({.delay = absl::Nanoseconds(1)}, [] {});
  EXPECT_THAT(simulation.drain().runs, IsEmpty());
  EXPECT_THAT(simulation.advance_by(absl::ZeroDuration()).runs, IsEmpty());
  EXPECT_THAT(simulation.advance_by(absl::Nanoseconds(1)).runs, SizeIs(1));
}

TEST(Simulation, AdvancesToTheNextDueTime) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const absl::Time start = simulation.clock().now();
  executor.submit({.delay = absl::Hours(2)}, [] {});
  executor.submit({.delay = absl::Hours(3)}, [] {});
  EXPECT_THAT(simulation.advance_to_next().runs, SizeIs(1));
  EXPECT_EQ(simulation.clock().now(), start + absl::Hours(2));
  EXPECT_THAT(simulation.advance_to_next().runs, SizeIs(1));
  EXPECT_THAT(simulation.advance_to_next().runs, IsEmpty());
  EXPECT_EQ(simulation.clock().now(), start + absl::Hours(3));
}

TEST(Simulation, HoldsAJobThatIsNeverDue) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const JobId id = executor.submit({.delay = absl::InfiniteDuration()}, [] {});
  EXPECT_THAT(simulation.advance_by(absl::Hours(24 * 365 * 100)).runs, IsEmpty());
  const absl::Time before = simulation.clock().now();
  EXPECT_THAT(simulation.advance_to_next().runs, IsEmpty());
  EXPECT_EQ(simulation.clock().now(), before);
  // Longer than the clock can go.
  EXPECT_THAT(simulation.advance_by(absl::Hours(24 * 365 * 1'000)).runs, IsEmpty());
  EXPECT_TRUE(executor.cancel(id));
}

TEST(Simulation, StopsTheClockWhereALimitStopsTheDrain) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const absl::Time start = simulation.clock().now();
  struct Tick {
    DeferredExecutor& executor;
    void operator()() const { executor.submit({.name = "tick", .delay = absl::Seconds(1)}, *this); }
  };
  executor.submit({.name = "tick"}, Tick{executor});
  const DrainReport report = simulation.advance_by(absl::Hours(1), {.max_generation = 10});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(simulation.clock().now(), start + absl::Seconds(11));
}

// --- Failures and the check at the end.

TEST(Simulation, TakesEachFailureOnce) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  executor.submit({.name = "a"}, [] { throw std::runtime_error("first"); });
  executor.submit({.name = "b"}, [] { throw std::runtime_error("second"); });
  simulation.drain();
  EXPECT_THAT(simulation.take_failures(),
              ElementsAre(Field(&JobRun::name, "a"), Field(&JobRun::name, "b")));
  EXPECT_THAT(simulation.take_failures(), IsEmpty());
}

TEST(Simulation, CheckIsOkWhereAllIsDone) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  executor.submit([] {});
  simulation.drain();
  EXPECT_TRUE(simulation.check().ok());
}

TEST(Simulation, CheckNamesPendingJobs) {
  Simulation simulation;
  DeferredExecutor executor(simulation, "mail");
  const SourceLocation where = SourceLocation::current();
  executor.submit(
      {.name = "send"}, [] {}, where);
  executor.submit(
      {.name = "remind", .delay = absl::Hours(24)}, [] {}, where);
  EXPECT_EQ(
      simulation.check().message(),
      "drydock finding kUndrained: 2 jobs were pending at the end of the test:\n"
      "  job 'send' (#1, submitted at " +
          where.to_string() +
          "): queued, on executor 'mail'\n"
          "  job 'remind' (#2, submitted at " +
          where.to_string() +
          "): not due until 2000-01-02 00:00:00 of the simulated clock, on executor 'mail'\n"
          "  In production they would run. Before the test ends run what is due with drain(), "
          "and run what is not due yet with advance_until_idle(), which moves the clock, or "
          "step by step with advance_to_next(); take back what must not run with cancel(); "
          "or allow it: sandbox.allow(drydock::Finding::kUndrained).");
  simulation.allow(Finding::kUndrained);
  EXPECT_TRUE(simulation.check().ok());
}

TEST(Simulation, CheckNamesTheFirstTenPendingJobs) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const SourceLocation where = SourceLocation::current();
  std::string listed;
  for (int i = 1; i <= 12; ++i) {
    executor.submit(
        {.name = "send"}, [] {}, where);
    if (i <= 10) {
      listed += "  job 'send' (#" + std::to_string(i) + ", submitted at " + where.to_string() +
                "): queued\n";
    }
  }
  EXPECT_EQ(simulation.check().message(),
            "drydock finding kUndrained: 12 jobs were pending at the end of the test:\n" + listed +
                "  ... and 2 more\n"
                "  In production they would run. Before the test ends run what is due with "
                "drain(); take back what must not run with cancel(); or allow it: "
                "sandbox.allow(drydock::Finding::kUndrained).");
}

std::string advice_of(const Simulation& simulation) {
  const std::string message(simulation.check().message());
  return message.substr(message.rfind("\n  ") + 3);
}

TEST(Simulation, CheckSaysHowToRunWhatIsNotDue) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const JobId never = executor.submit({.delay = absl::InfiniteDuration()}, [] {});
  EXPECT_EQ(advice_of(simulation),
            "A delay without end comes due nowhere. Take such a job back with cancel(), or give it "
            "a delay that ends; or allow it: sandbox.allow(drydock::Finding::kUndrained).");
  executor.submit({.delay = absl::Hours(1)}, [] {});
  EXPECT_EQ(advice_of(simulation),
            "In production they would run. Before the test ends run what is not due yet with "
            "advance_until_idle(), which moves the clock, or step by step with advance_to_next(); "
            "take back what must not run with cancel(); or allow it: "
            "sandbox.allow(drydock::Finding::kUndrained).");
  EXPECT_TRUE(executor.cancel(never));
  simulation.advance_until_idle();
  EXPECT_TRUE(simulation.check().ok());
}

TEST(Simulation, CheckNamesUntakenFailures) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const SourceLocation where = SourceLocation::current();
  executor.submit(
      {.name = "import"},
      [&] {
        executor.submit(
            {.name = "row"}, [] { throw std::runtime_error("no column"); }, where);
      },
      where);
  simulation.drain();
  EXPECT_EQ(simulation.check().message(),
            "1 job failed, and the test did not take the failure:\n"
            "  job 'row' (#2, submitted at " +
                where.to_string() +
                ") failed: std::runtime_error: no column\n"
                "  submitted by 'import' (#1, submitted at " +
                where.to_string() +
                ")\n"
                "  Where the failure is expected, take it: "
                "EXPECT_EQ(sandbox().simulation().take_failures().size(), 1).");
  simulation.take_failures();
  EXPECT_TRUE(simulation.check().ok());
}

TEST(Simulation, CheckNamesFindingsThatAreNotAllowed) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  std::function<void()> again = [&] { executor.submit({.name = "again"}, [&] { again(); }); };
  again();
  simulation.drain({.max_generation = 3});
  simulation.allow(Finding::kUndrained);
  ASSERT_THAT(simulation.findings(), SizeIs(1));
  EXPECT_EQ(simulation.check().message(),
            "drydock finding kRunaway: " + simulation.findings()[0].message);
  simulation.allow(Finding::kRunaway);
  EXPECT_THAT(simulation.findings(), IsEmpty());
  EXPECT_TRUE(simulation.check().ok());
}

// --- Marks.

TEST(SimulationMark, TellsApartWhatCameBeforeAndWhatSince) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  executor.submit({.name = "before"}, [] {});
  const SimulationMark mark = simulation.mark();
  EXPECT_THAT(simulation.pending_since(mark), IsEmpty());
  EXPECT_THAT(simulation.events_since(mark), IsEmpty());
  executor.submit({.name = "since"}, [] {});
  EXPECT_THAT(simulation.pending_since(mark), ElementsAre(Field(&PendingJob::name, "since")));
  EXPECT_THAT(simulation.events_since(mark), ElementsAre(Field(&Event::name, "since")));
}

TEST(SimulationMark, CanStandInTheMiddleOfAJob) {
  InlineExecutor executor;
  Simulation& simulation = executor.simulation();
  std::vector<SimulationMark> marks;
  executor.submit({.name = "job"}, [&] { marks.push_back(simulation.mark()); });
  EXPECT_THAT(simulation.events_since(marks.at(0)),
              ElementsAre(Field(&Event::kind, Event::kFinished)));
}

}  // namespace
}  // namespace drydock
