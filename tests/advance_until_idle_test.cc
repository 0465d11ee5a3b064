// The clock through all timers, and where it ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/simulation.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Each job writes down its name and when it ran.
class AdvanceUntilIdle : public ::testing::Test {
 protected:
  void submit(Executor& executor, const std::string& name, int seconds) {
    executor.submit({.name = name, .delay = absl::Seconds(seconds)}, note(name));
  }
  JobId submit_every(Executor& executor, const std::string& name, absl::Duration period) {
    return executor.submit_every({.name = name}, period, note(name), where_);
  }
  // Submits itself again, a second later, for ever.
  void poll(Executor& executor) {
    executor.submit(
        {.name = "poll", .delay = absl::Seconds(1)},
        [this, &executor] {
          ++polls_;
          poll(executor);
        },
        where_);
  }
  std::function<void()> note(const std::string& name) {
    return [this, name] { log_.push_back(name + " at " + std::to_string(now())); };
  }
  std::int64_t now() const { return absl::ToInt64Seconds(clock_.now() - start_); }

  const SourceLocation where_ = SourceLocation::current();
  Simulation simulation_;
  const Clock& clock_ = simulation_.clock();
  const absl::Time start_ = clock_.now();
  DeferredExecutor mail_{simulation_, "mail"}, reports_{simulation_, "reports"};
  InlineExecutor immediate_{simulation_};
  std::vector<std::string> log_;
  int polls_ = 0;
};

TEST_F(AdvanceUntilIdle, RunsAllJobsAtTheirTimesAndStopsAtTheLast) {
  submit(mail_, "mail", 5);
  submit(reports_, "report", 0);
  submit(immediate_, "inline", 7);
  mail_.submit({.delay = absl::Seconds(2)}, [this] { submit(reports_, "reply", 7); });
  const DrainReport report = simulation_.advance_until_idle();
  EXPECT_THAT(log_, ElementsAre("report at 0", "mail at 5", "inline at 7", "reply at 9"));
  EXPECT_THAT(report.runs, SizeIs(5));
  EXPECT_THAT(report.pending, IsEmpty());
  EXPECT_TRUE(report.status().ok());
  EXPECT_EQ(now(), 9);
}

TEST_F(AdvanceUntilIdle, LeavesTheClockWhereNothingIsToCome) {
  submit(mail_, "mail", 0);
  EXPECT_THAT(simulation_.advance_until_idle().runs, SizeIs(1));
  EXPECT_THAT(simulation_.advance_until_idle().runs, IsEmpty());
  EXPECT_EQ(now(), 0);
}

TEST_F(AdvanceUntilIdle, RunsRecurringJobsOnTheWayAndDoesNotGoOnForThem) {
  submit_every(mail_, "tick", absl::Seconds(2));
  submit_every(immediate_, "sweep", absl::Seconds(3));
  submit(mail_, "mail", 4);
  simulation_.advance_until_idle();
  EXPECT_THAT(log_, ElementsAre("tick at 2", "sweep at 3", "mail at 4", "tick at 4"));
  simulation_.advance_until_idle();
  EXPECT_EQ(now(), 4);
}

TEST_F(AdvanceUntilIdle, DoesNotWaitForWhatIsNeverDue) {
  const JobId never = mail_.submit({.delay = absl::InfiniteDuration()}, [] {});
  submit(mail_, "mail", 1);
  const DrainReport report = simulation_.advance_until_idle();
  EXPECT_EQ(now(), 1);
  EXPECT_THAT(report.pending, ElementsAre(Field(&PendingJob::reason, PendingJob::kNotDue)));
  mail_.cancel(never);
}

TEST_F(AdvanceUntilIdle, DoesNotGoOnForJobsThatItLeaves) {
  submit(mail_, "mail", 1);
  submit(mail_, "other", 2);
  simulation_.advance_until_idle({.only = {"mail"}});
  EXPECT_THAT(log_, ElementsAre("mail at 1"));
  EXPECT_EQ(now(), 1);
  mail_.submit([this] { submit(mail_, "reply", 9); });
  simulation_.advance_until_idle({.run_spawned = false});
  EXPECT_THAT(log_, ElementsAre("mail at 1", "other at 2"));
  EXPECT_EQ(now(), 2);
  simulation_.advance_until_idle();
  EXPECT_EQ(log_.back(), "reply at 10");
}

TEST_F(AdvanceUntilIdle, GoesOnAfterAJobOnTheWayHasCancelledTheLast) {
  const JobId last = mail_.submit({.delay = absl::Seconds(9)}, [] {});
  mail_.submit({.delay = absl::Seconds(1)}, [&] { mail_.cancel(last); });
  submit(mail_, "mail", 2);
  simulation_.advance_until_idle();
  EXPECT_THAT(log_, ElementsAre("mail at 2"));
  EXPECT_EQ(now(), 2);
}

TEST_F(AdvanceUntilIdle, OfOneExecutorRunsItsJobsAndInlineOnesOnTheWay) {
  submit(reports_, "report", 1);
  submit(immediate_, "inline", 2);
  submit(mail_, "mail", 3);
  submit(immediate_, "late inline", 4);
  submit(reports_, "late report", 4);
  const DrainReport report = mail_.advance_until_idle();
  EXPECT_THAT(log_, ElementsAre("inline at 2", "mail at 3"));
  EXPECT_EQ(now(), 3);
  EXPECT_THAT(report.pending, ElementsAre(Field(&PendingJob::reason, PendingJob::kFiltered),
                                          Field(&PendingJob::reason, PendingJob::kNotDue),
                                          Field(&PendingJob::reason, PendingJob::kNotDue)));
  simulation_.advance_until_idle();
}

// --- Limits.

TEST_F(AdvanceUntilIdle, EndsAtTheLimitOfGenerations) {
  poll(mail_);
  const DrainReport report = simulation_.advance_until_idle();
  EXPECT_EQ(polls_, 1'001);
  EXPECT_EQ(report.status(),
            absl::ResourceExhaustedError(
                "advance_until_idle() stopped: a job had 1000 submitters above it "
                "(DrainOptions::max_generation).\n  The chain repeats: 'poll' (submitted at " +
                where_.to_string() + ") -> and again.\n  Next would be 'poll', submitted at " +
                where_.to_string() +
                ".\n  A job that submits itself again, with a delay or without, is never idle. "
                "Step with advance_by() or advance_to_next(), leave new ones with "
                "advance_until_idle({.run_spawned = false}), or raise the limit in "
                "DrainOptions."));
  ASSERT_THAT(simulation_.findings(), SizeIs(1));
  EXPECT_EQ(simulation_.findings()[0].kind, Finding::kRunaway);
  EXPECT_EQ(simulation_.findings()[0].message, report.limit.message());
  EXPECT_THAT(report.pending, ElementsAre(Field(&PendingJob::reason, PendingJob::kOverLimit)));
}

TEST_F(AdvanceUntilIdle, CountsInlineJobsThatComeAgain) {
  poll(immediate_);
  const DrainReport report = mail_.advance_until_idle();
  EXPECT_EQ(polls_, 0);  // not one of its own
  EXPECT_TRUE(report.status().ok());
  EXPECT_EQ(simulation_.advance_until_idle({.max_spawned = 50}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(polls_, 51);
  EXPECT_EQ(now(), 52);
}

// The text for "tick", which comes every second.
std::string recurring_text(int limit, SourceLocation where, const std::string& goal) {
  return "advance_until_idle() stopped: recurring jobs had come again " + std::to_string(limit) +
         " times (DrainOptions::max_spawned).\n  Next would be 'tick', submitted at " +
         where.to_string() + ", which comes every 1s.\n  " + goal +
         "\n  Cancel the recurring job before, or move the clock with advance_by(), which lets "
         "recurring jobs come any number of times, or raise the limit in DrainOptions.";
}

TEST_F(AdvanceUntilIdle, EndsWhereARecurringJobComesTooOftenBeforeAFarOne) {
  submit_every(mail_, "tick", absl::Seconds(1));
  mail_.submit(
      {.name = "yearly", .delay = absl::Hours(24 * 365)}, [] {}, where_);
  const DrainReport report = simulation_.advance_until_idle({.max_spawned = 10});
  EXPECT_THAT(report.runs, SizeIs(11));
  EXPECT_EQ(report.limit, absl::ResourceExhaustedError(recurring_text(
                              10, where_,
                              "The clock was on its way to job 'yearly' (#2, submitted at " +
                                  where_.to_string() + "), due in 8759h59m48s.")));
  ASSERT_THAT(simulation_.findings(), SizeIs(1));
  EXPECT_EQ(simulation_.findings()[0].kind, Finding::kRunaway);
  EXPECT_EQ(simulation_.findings()[0].message, report.limit.message());
  EXPECT_EQ(simulation_.findings()[0].job, JobId(1));
  EXPECT_EQ(now(), 12);
}

TEST_F(AdvanceUntilIdle, HasALimitOfRecurringJobsByDefault) {
  submit_every(immediate_, "tick", absl::Nanoseconds(1));
  submit(mail_, "mail", 1);
  const DrainReport report = simulation_.advance_until_idle();
  EXPECT_EQ(report.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(report.runs, SizeIs(100'001));
}

TEST_F(AdvanceUntilIdle, NamesTheAwaitedJobThatIsDueAndHasNotRun) {
  submit_every(mail_, "tick", absl::Seconds(1));
  // Due with the tick that is over the limit, and behind it in the line.
  mail_.submit(
      {.name = "import", .delay = absl::Milliseconds(2'500)},
      [this] {
        mail_.submit(
            {.name = "mail", .delay = absl::Milliseconds(500)}, [] {}, where_);
      },
      where_);
  const DrainReport report = simulation_.advance_until_idle({.max_spawned = 1});
  EXPECT_EQ(report.limit.message(),
            recurring_text(1, where_,
                           "The clock was on its way to job 'mail' (#3, submitted at " +
                               where_.to_string() + "), submitted by 'import' (#2, submitted at " +
                               where_.to_string() + "), due now."));
}

TEST_F(AdvanceUntilIdle, SaysWhereARecurringJobIsBehindTheClock) {
  submit_every(mail_, "tick", absl::Seconds(1));
  reports_.advance_by(absl::Seconds(60));
  const DrainReport report = mail_.advance_until_idle({.max_spawned = 10});
  EXPECT_EQ(report.limit.message(),
            recurring_text(10, where_,
                           "It was 48s behind the clock, which an earlier call had moved without "
                           "running it."));
}

}  // namespace
}  // namespace drydock
