#include "drydock/deferred_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/inline_executor.h"
#include "drydock/simulation.h"
#include "tests/job_log.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(DeferredExecutor, OnlyQueues) {
  DeferredExecutor executor;
  JobLog log;
  executor.submit(log.add("a"));
  EXPECT_THAT(log.names, IsEmpty());
  EXPECT_EQ(executor.pending_count(), 1U);
  executor.drain();
  EXPECT_THAT(log.names, ElementsAre("a"));
  EXPECT_EQ(executor.pending_count(), 0U);
}

TEST(DeferredExecutor, GivesIdsInTheOrderOfSubmits) {
  DeferredExecutor executor;
  EXPECT_EQ(executor.submit([] {}), JobId(1));
  EXPECT_EQ(executor.submit([] {}), JobId(2));
}

TEST(DeferredExecutor, RunsJobsInTheOrderOfSubmitsAndWhatTheySubmitAfter) {
  DeferredExecutor executor;
  JobLog log;
  executor.submit([&] {
    log.names.push_back("a");
    executor.submit(log.add("a1"));
    executor.submit(log.add("a2"));
  });
  executor.submit(log.add("b"));
  executor.drain();
  EXPECT_THAT(log.names, ElementsAre("a", "b", "a1", "a2"));
}

TEST(DeferredExecutor, ReportsEachRun) {
  DeferredExecutor executor;
  const SourceLocation import_place = SourceLocation::current();
  const SourceLocation row_place = SourceLocation::current();
  executor.submit(
      {.name = "import"},
      [&] {
        executor.submit(
            {.name = "row"}, [] { throw std::out_of_range("row 7"); }, row_place);
      },
      import_place);
  const DrainReport report = executor.drain();
  ASSERT_THAT(report.runs, SizeIs(2));
  const JobRun& import = report.runs[0];
  EXPECT_EQ(import.id, JobId(1));
  EXPECT_EQ(import.parent, JobId());
  EXPECT_EQ(import.name, "import");
  EXPECT_EQ(import.where, import_place);
  EXPECT_EQ(import.outcome, JobRun::kSucceeded);
  EXPECT_EQ(import.error, "");
  EXPECT_EQ(import.exception, nullptr);
  EXPECT_EQ(import.generation, 0);
  EXPECT_EQ(import.due, executor.simulation().clock().now());
  const JobRun& row = report.runs[1];
  EXPECT_EQ(row.id, JobId(2));
  EXPECT_EQ(row.parent, JobId(1));
  EXPECT_EQ(row.name, "row");
  EXPECT_EQ(row.where, row_place);
  EXPECT_EQ(row.outcome, JobRun::kFailed);
  EXPECT_EQ(row.error, "std::out_of_range: row 7");
  EXPECT_THROW(std::rethrow_exception(row.exception), std::out_of_range);
  EXPECT_EQ(row.generation, 1);
  ASSERT_THAT(row.ancestors, SizeIs(1));
  EXPECT_EQ(row.ancestors[0].name, "import");
  EXPECT_EQ(row.ancestors[0].where, import_place);
  executor.simulation().take_failures();
}

TEST(DeferredExecutor, NamesARunAfterItsSubmitWhereNoNameWasGiven) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  executor.submit([] {}, where);
  EXPECT_EQ(executor.drain().runs.at(0).name,
            "deferred_executor_test.cc:" + std::to_string(where.line()));
}

TEST(DeferredExecutor, RunsTheJobsAfterOneThatThrows) {
  DeferredExecutor executor;
  JobLog log;
  executor.submit([] { throw std::runtime_error("no"); });
  executor.submit(log.add("after"));
  EXPECT_NO_THROW(executor.drain());
  EXPECT_THAT(log.names, ElementsAre("after"));
  EXPECT_THAT(executor.simulation().take_failures(),
              ElementsAre(Field(&JobRun::error, "std::runtime_error: no")));
  EXPECT_THAT(executor.simulation().take_failures(), IsEmpty());
}

TEST(DeferredExecutor, DestroysEachClosureWhenItsJobHasRun) {
  DeferredExecutor executor;
  auto owned = std::make_shared<int>(0);
  long owners_in_next_job = 0;
  executor.submit([owned] {});
  executor.submit([&] { owners_in_next_job = owned.use_count(); });
  executor.drain();
  EXPECT_EQ(owners_in_next_job, 1);
}

TEST(DeferredExecutor, DestroysTheClosuresOfJobsThatNeverRan) {
  auto owned = std::make_shared<int>(0);
  {
    DeferredExecutor executor;
    executor.submit([owned] {});
    executor.submit({.delay = absl::Hours(1)}, [owned] {});
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(DeferredExecutor, TakesASubmitFromTheDestructorOfAClosure) {
  DeferredExecutor executor;
  JobLog log;
  struct SubmitsAtEnd {
    DeferredExecutor& executor;
    JobLog& log;
    ~SubmitsAtEnd() { executor.submit(log.add("from a destructor")); }
  };
  std::shared_ptr<SubmitsAtEnd> owned(new SubmitsAtEnd{executor, log});
  const JobId id = executor.submit([owned] {});
  owned.reset();
  EXPECT_TRUE(executor.cancel(id));
  executor.drain();
  EXPECT_THAT(log.names, ElementsAre("from a destructor"));
}

// --- Time.

// Two executors and an inline one that share a clock; each job writes down its name and when it
// ran.
class DeferredExecutorTime : public ::testing::Test {
 protected:
  void submit(Executor& executor, const std::string& name, int seconds) {
    executor.submit({.name = name, .delay = absl::Seconds(seconds)}, note(name));
  }
  void submit_every(Executor& executor, const std::string& name, int seconds) {
    executor.submit_every({.name = name}, absl::Seconds(seconds), note(name));
  }
  std::function<void()> note(const std::string& name) {
    return [this, name] { log_.push_back(name + " at " + std::to_string(now())); };
  }
  std::int64_t now() const { return absl::ToInt64Seconds(clock_.now() - start_); }

  Simulation simulation_;
  const Clock& clock_ = simulation_.clock();
  const absl::Time start_ = clock_.now();
  DeferredExecutor mail_{simulation_, "mail"}, reports_{simulation_, "reports"};
  InlineExecutor immediate_{simulation_};
  std::vector<std::string> log_;
};

TEST_F(DeferredExecutorTime, AdvancesAndRunsItsOwnJobsAndInlineOnes) {
  submit(mail_, "mail", 1);
  submit(reports_, "report", 2);
  submit(immediate_, "inline", 3);
  submit(mail_, "second mail", 4);
  const DrainReport report = mail_.advance_by(absl::Seconds(5));
  EXPECT_THAT(log_, ElementsAre("mail at 1", "inline at 3", "second mail at 4"));
  EXPECT_EQ(now(), 5);
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].name, "report");
  EXPECT_EQ(report.pending[0].reason, PendingJob::kFiltered);
  EXPECT_THAT(reports_.pending(), ElementsAre(Field(&PendingJob::reason, PendingJob::kQueued)));
  simulation_.drain();
  EXPECT_EQ(log_.back(), "report at 5");
}

TEST_F(DeferredExecutorTime, LeavesTheJobsOfOthersInTheOrderOfTheirDueTimes) {
  submit_every(reports_, "hourly", 2);
  submit(reports_, "late", 3);
  submit(reports_, "early", 1);
  mail_.advance_by(absl::Seconds(4));
  EXPECT_THAT(names_of(reports_.drain().runs), ElementsAre("early", "hourly", "late", "hourly"));
}

TEST_F(DeferredExecutorTime, AdvancesToTheNextDueTimeOfAJobOfItsOwn) {
  submit(reports_, "report", 1);
  submit(immediate_, "inline", 2);
  submit(mail_, "mail", 3);
  submit(mail_, "second mail", 4);
  EXPECT_THAT(names_of(mail_.advance_to_next().runs), ElementsAre("inline", "mail"));
  EXPECT_THAT(log_, ElementsAre("inline at 2", "mail at 3"));
  mail_.advance_to_next();
  EXPECT_EQ(now(), 4);
  submit(reports_, "second report", 5);
  submit(immediate_, "second inline", 5);
  EXPECT_THAT(mail_.advance_to_next().runs, IsEmpty());
  EXPECT_EQ(now(), 4);
  simulation_.advance_by(absl::Seconds(5));
}

TEST_F(DeferredExecutorTime, StopsAtAJobThatAnInlineJobOnTheWaySubmits) {
  immediate_.submit({.delay = absl::Seconds(1)}, [this] { submit(mail_, "reply", 1); });
  submit(mail_, "mail", 3);
  mail_.advance_to_next();
  EXPECT_THAT(log_, ElementsAre("reply at 2"));
  mail_.advance_to_next();
  EXPECT_THAT(log_, ElementsAre("reply at 2", "mail at 3"));
}

// --- Threads.

TEST(DeferredExecutor, TakesSubmitsFromAnyThread) {
  DeferredExecutor executor;
  int runs = 0;  // by the draining thread only
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) executor.submit([&] { ++runs; });
    });
  }
  for (int i = 0; i < 100; ++i) executor.drain();
  for (std::thread& thread : threads) thread.join();
  executor.drain();
  EXPECT_EQ(runs, 2'000);
}

TEST(DeferredExecutor, PrintsFailuresThatNobodyTook) {
  const SourceLocation where = SourceLocation::current();
  ::testing::internal::CaptureStderr();
  {
    DeferredExecutor executor;
    executor.submit(
        {.name = "send"}, [] { throw std::runtime_error("no mail server"); }, where);
    executor.drain();
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "drydock: a failure that nobody took: job 'send', submitted at " + where.to_string() +
                ", failed: std::runtime_error: no mail server\n  Where the test expects it, it "
                "takes it before the simulation ends: "
                "EXPECT_EQ(simulation.take_failures().size(), 1).\n");
}

TEST(DeferredExecutor, PrintsTheSubmittersOfAFailureThatNobodyTook) {
  const SourceLocation import_place = SourceLocation::current();
  const SourceLocation row_place = SourceLocation::current();
  ::testing::internal::CaptureStderr();
  {
    DeferredExecutor executor;
    executor.submit(
        {.name = "import"},
        [&] {
          executor.submit(
              {.name = "row"}, [] { throw std::runtime_error("no column"); }, row_place);
        },
        import_place);
    executor.drain();
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "drydock: a failure that nobody took: job 'row', submitted at " +
                row_place.to_string() +
                ", failed: std::runtime_error: no column\n  submitted by 'import' (#1, submitted "
                "at " +
                import_place.to_string() +
                ")\n  Where the test expects it, it takes it before the simulation ends: "
                "EXPECT_EQ(simulation.take_failures().size(), 1).\n");
}

TEST(DeferredExecutor, RunsAChainOfAMillionJobs) {
  DeferredExecutor executor;
  int left = 1'000'000;
  struct Next {
    DeferredExecutor& executor;
    int& left;
    void operator()() const {
      if (--left > 0) executor.submit({.name = "next"}, Next{executor, left});
    }
  };
  executor.submit({.name = "next"}, Next{executor, left});
  EXPECT_TRUE(
      executor.drain({.max_spawned = 2'000'000, .max_generation = 2'000'000}).status().ok());
  EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace drydock
