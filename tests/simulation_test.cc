#include "drydock/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/misuse_error.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <class Call>
std::string misuse(Call&& call) {
  try {
    call();
  } catch (const MisuseError& e) {
    return e.what();
  }
  return "no MisuseError";
}

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
  EXPECT_EQ(simulation.check().message(),
            "drydock finding kUndrained: 2 jobs were pending at the end of the test:\n"
            "  job 'send' (#1, submitted at " +
                where.to_string() +
                "): queued, on executor 'mail'\n"
                "  job 'remind' (#2, submitted at " +
                where.to_string() +
                "): not due until 2000-01-02 00:00:00 of the simulated clock, on executor 'mail'\n"
                "  In production they would run. Run them before the test ends with drain(), or "
                "with advance_by() where they are not due; take back what must not run with "
                "cancel(); or allow it: sandbox.allow(drydock::Finding::kUndrained).");
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
                "  In production they would run. Run them before the test ends with drain(), or "
                "with advance_by() where they are not due; take back what must not run with "
                "cancel(); or allow it: sandbox.allow(drydock::Finding::kUndrained).");
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

// --- Misuse.

TEST(Simulation, RefusesToBeDrivenOnAnotherThread) {
  Simulation simulation;
  std::vector<std::string> texts;
  std::thread([&] {
    texts.push_back(misuse([&] { simulation.drain(); }));
    texts.push_back(misuse([&] { simulation.advance_by(absl::Seconds(1)); }));
    texts.push_back(misuse([&] { simulation.advance_to_next(); }));
  }).join();
  const auto text = [](const std::string& call) {
    return "drydock: " + call +
           " was called on another thread than the one that made the simulation. Jobs of a test "
           "run on one thread, in one order. Call it from the test body, and from other threads "
           "only submit.";
  };
  EXPECT_THAT(texts, ElementsAre(text("drain()"), text("advance_by()"), text("advance_to_next()")));
}

TEST(Simulation, RefusesToBeDrivenInsideAJob) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const SourceLocation where = SourceLocation::current();
  std::vector<std::string> texts;
  executor.submit(
      {.name = "send"},
      [&] {
        texts.push_back(misuse([&] { simulation.advance_by(absl::Seconds(1)); }));
        texts.push_back(misuse([&] { simulation.advance_to_next(); }));
      },
      where);
  simulation.drain();
  const auto text = [&](const std::string& call) {
    return "drydock: " + call + " was called inside job 'send' (#1, submitted at " +
           where.to_string() +
           "). A job that drains would run other jobs in its own middle, which no executor in "
           "production does. Submit what has to run after it, and call " +
           call + " from the test body.";
  };
  EXPECT_THAT(texts, ElementsAre(text("advance_by()"), text("advance_to_next()")));
}

TEST(Simulation, RefusesToTurnTheClockBack) {
  Simulation simulation;
  EXPECT_EQ(
      misuse([&] { simulation.advance_by(-absl::Seconds(90)); }),
      "drydock: advance_by(-1m30s) would turn the simulated clock back. Pass how far it moves "
      "forward.");
}

TEST(Simulation, MayBeDrivenInsideAJobOfAnotherSimulation) {
  Simulation outer, inner;
  DeferredExecutor outer_executor(outer), inner_executor(inner);
  bool ran = false;
  inner_executor.submit([&] { ran = true; });
  outer_executor.submit([&] { inner.drain(); });
  outer.drain();
  EXPECT_TRUE(ran);
}

// --- Orders and deliveries.

TEST(Simulation, GivesItsOrderToDrainsThatAskForNone) {
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

// --- Recurring jobs.

TEST(RecurringJob, RunsOncePerPeriodUntilItIsCancelled) {
  DeferredExecutor executor;
  Simulation& simulation = executor.simulation();
  const absl::Time start = simulation.clock().now();
  std::vector<absl::Duration> ran_at;
  const JobId id = executor.submit_every({.name = "tick"}, absl::Seconds(10), [&] {
    ran_at.push_back(simulation.clock().now() - start);
  });
  EXPECT_THAT(simulation.drain().runs, IsEmpty());
  const DrainReport report = simulation.advance_by(absl::Seconds(35));
  EXPECT_THAT(ran_at, ElementsAre(absl::Seconds(10), absl::Seconds(20), absl::Seconds(30)));
  EXPECT_THAT(report.runs, SizeIs(3));
  EXPECT_EQ(report.runs[2].id, id);
  EXPECT_EQ(report.runs[2].name, "tick");
  EXPECT_EQ(executor.pending_count(), 1U);
  EXPECT_TRUE(executor.cancel(id));
  EXPECT_FALSE(executor.cancel(id));
  EXPECT_THAT(simulation.advance_by(absl::Hours(1)).runs, IsEmpty());
  EXPECT_EQ(executor.pending_count(), 0U);
}

TEST(RecurringJob, StartsAfterItsDelay) {
  InlineExecutor executor;
  int runs = 0;
  executor.submit_every({.delay = absl::Seconds(1)}, absl::Hours(1), [&] { ++runs; });
  executor.simulation().advance_by(absl::Seconds(1));
  EXPECT_EQ(runs, 1);
  executor.simulation().advance_by(absl::Hours(2));
  EXPECT_EQ(runs, 3);
}

TEST(RecurringJob, MeetsNoLimitAndIsNoFindingAtTheEnd) {
  DeferredExecutor executor;
  int runs = 0;
  executor.submit_every({}, absl::Seconds(1), [&] { ++runs; });
  EXPECT_TRUE(executor.simulation().advance_by(absl::Seconds(5'000)).status().ok());
  EXPECT_EQ(runs, 5'000);
  EXPECT_TRUE(executor.simulation().check().ok());
}

TEST(RecurringJob, MayCancelItselfAndLetsGoOfWhatItOwns) {
  DeferredExecutor executor;
  auto owned = std::make_shared<int>(0);
  JobId id;
  bool cancelled = false;
  id = executor.submit_every({}, absl::Seconds(1), [&, owned] { cancelled = executor.cancel(id); });
  EXPECT_THAT(executor.simulation().advance_by(absl::Seconds(10)).runs, SizeIs(1));
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(RecurringJob, ComesAgainAfterAFailure) {
  DeferredExecutor executor;
  executor.submit_every({}, absl::Seconds(1), [] { throw std::runtime_error("no"); });
  executor.simulation().advance_by(absl::Seconds(3));
  EXPECT_THAT(executor.simulation().take_failures(), SizeIs(3));
}

TEST(RecurringJob, GoesBeforeWhatBecameDueAfterItWhereItIsLate) {
  DeferredExecutor executor;
  std::vector<std::string> log;
  executor.submit_every({.name = "tick"}, absl::Seconds(1), [&] { log.push_back("tick"); });
  executor.submit({.delay = absl::Milliseconds(2'500)}, [&] { log.push_back("once"); });
  executor.simulation().advance_by(absl::Seconds(3), {.only = {"nothing"}});
  executor.drain();
  EXPECT_THAT(log, ElementsAre("tick", "tick", "once", "tick"));
}

TEST(RecurringJob, IsDeliveredOnce) {
  DeferredExecutor executor;
  int runs = 0;
  executor.submit_every({}, absl::Seconds(1), [&] { ++runs; });
  executor.submit([] {});
  const DrainReport report = executor.simulation().advance_by(absl::Seconds(1), {.deliveries = 2});
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(report.runs,
              ElementsAre(Field(&JobRun::deliveries, 2), Field(&JobRun::deliveries, 1)));
}

TEST(RecurringJob, SeesTheContextOfItsSubmitEachTime) {
  static const ContextSlot<int> slot("slot");
  DeferredExecutor executor;
  int seen = 0;
  {
    const ScopedContext scope(slot, 7);
    executor.submit_every({}, absl::Seconds(1), [&] { seen += *slot.get(); });
  }
  executor.simulation().advance_by(absl::Seconds(3));
  EXPECT_EQ(seen, 21);
}

TEST(RecurringJob, NeedsSomethingToRun) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  try {
    executor.submit_every({}, absl::Seconds(1), nullptr, where);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()),
              "drydock: submit_every() at " + where.to_string() +
                  " was given an empty job. Pass a callable that takes no arguments.");
  }
}

TEST(RecurringJob, NeedsAPeriodAboveZero) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(misuse([&] {
              executor.submit_every(
                  {}, absl::ZeroDuration(), [] {}, where);
            }),
            "drydock: submit_every() at " + where.to_string() +
                " with a period of 0 would never let a drain end. Pass a period above zero.");
}

}  // namespace
}  // namespace drydock
