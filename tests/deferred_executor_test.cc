#include "drydock/deferred_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "drydock/misuse_error.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

// Collects names, in the order in which jobs ran.
class Log {
 public:
  Job add(std::string name) {
    return [this, name = std::move(name)] { names.push_back(name); };
  }
  std::vector<std::string> names;
};

std::vector<std::string> names_of(const std::vector<JobRun>& runs) {
  std::vector<std::string> names;
  for (const JobRun& run : runs) names.push_back(run.name);
  return names;
}

template <class Call>
std::string misuse(Call&& call) {
  try {
    call();
  } catch (const MisuseError& e) {
    return e.what();
  }
  return "no MisuseError";
}

TEST(DeferredExecutor, OnlyQueues) {
  DeferredExecutor executor;
  Log log;
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
  Log log;
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
  Log log;
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
  Log log;
  struct SubmitsAtEnd {
    DeferredExecutor& executor;
    Log& log;
    ~SubmitsAtEnd() { executor.submit(log.add("from a destructor")); }
  };
  std::shared_ptr<SubmitsAtEnd> owned(new SubmitsAtEnd{executor, log});
  const JobId id = executor.submit([owned] {});
  owned.reset();
  EXPECT_TRUE(executor.cancel(id));
  executor.drain();
  EXPECT_THAT(log.names, ElementsAre("from a destructor"));
}

// --- One job at a time, some jobs, another order.

TEST(DeferredExecutor, RunsOneJobAtATime) {
  DeferredExecutor executor;
  Log log;
  executor.submit(log.add("a"));
  executor.submit(log.add("b"));
  EXPECT_TRUE(executor.run_one());
  EXPECT_THAT(log.names, ElementsAre("a"));
  EXPECT_TRUE(executor.run_one());
  EXPECT_FALSE(executor.run_one());
  EXPECT_THAT(log.names, ElementsAre("a", "b"));
}

TEST(DeferredExecutor, RunOneHasNoLimitOfGenerations) {
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

TEST(DeferredExecutor, RunOneKeepsAFailure) {
  DeferredExecutor executor;
  executor.submit({.name = "bad"}, [] { throw std::runtime_error("no"); });
  EXPECT_TRUE(executor.run_one());
  EXPECT_THAT(executor.simulation().take_failures(), ElementsAre(Field(&JobRun::name, "bad")));
}

TEST(DeferredExecutor, RunsOnlyTheJobsThatAreNamed) {
  DeferredExecutor executor;
  Log log;
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

TEST(DeferredExecutor, FindsAJobByItsDefaultName) {
  DeferredExecutor executor;
  Log log;
  const SourceLocation where = SourceLocation::current();
  executor.submit(log.add("unnamed"), where);
  executor.submit({.name = "named"}, log.add("named"));
  executor.drain({.only = {where.short_name()}});
  EXPECT_THAT(log.names, ElementsAre("unnamed"));
}

TEST(DeferredExecutor, KeepsThePlaceOfTheJobsThatADrainLeft) {
  DeferredExecutor executor;
  Log log;
  for (const char* name : {"a", "b", "a", "c", "a"}) {
    executor.submit({.name = name}, log.add(name));
  }
  executor.drain({.only = {"c"}});
  executor.submit({.name = "late"}, log.add("late"));
  executor.drain();
  EXPECT_THAT(log.names, ElementsAre("c", "a", "b", "a", "a", "late"));
}

TEST(DeferredExecutor, LeavesWhatTheJobsSubmitWhereAskedTo) {
  DeferredExecutor executor;
  Log log;
  executor.submit([&] { executor.submit({.name = "spawned"}, log.add("spawned")); });
  executor.submit({.name = "queued"}, log.add("queued"));
  const DrainReport report = executor.drain({.run_spawned = false});
  EXPECT_THAT(log.names, ElementsAre("queued"));
  EXPECT_THAT(report.pending, ElementsAre(Field(&PendingJob::reason, PendingJob::kFiltered)));
  executor.drain({.run_spawned = false});
  EXPECT_THAT(log.names, ElementsAre("queued", "spawned"));
}

TEST(DeferredExecutor, RunsTheNewestFirstWhereAskedTo) {
  DeferredExecutor executor;
  Log log;
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
  Log log;
  for (int i = 0; i < 20; ++i) executor.submit(log.add(std::to_string(i)));
  executor.drain({.order = DrainOrder::shuffle(seed)});
  return log.names;
}

TEST(DeferredExecutor, ShufflesByASeed) {
  std::vector<std::string> in_order;
  for (int i = 0; i < 20; ++i) in_order.push_back(std::to_string(i));
  EXPECT_EQ(shuffled(1), shuffled(1));
  EXPECT_NE(shuffled(1), shuffled(2));
  EXPECT_NE(shuffled(1), in_order);
  EXPECT_THAT(shuffled(1), UnorderedElementsAreArray(in_order));
}

TEST(DeferredExecutor, ShufflesAHundredThousandJobsInNoTime) {
  DeferredExecutor executor;
  int runs = 0;
  for (int i = 0; i < 100'000; ++i) executor.submit([&] { ++runs; });
  executor.drain({.order = DrainOrder::shuffle(3)});
  EXPECT_EQ(runs, 100'000);
}

// --- Cancelling.

TEST(DeferredExecutor, DoesNotRunACancelledJob) {
  DeferredExecutor executor;
  Log log;
  executor.submit(log.add("a"));
  const JobId b = executor.submit(log.add("b"));
  const JobId later = executor.submit({.delay = absl::Seconds(1)}, log.add("later"));
  EXPECT_TRUE(executor.cancel(b));
  EXPECT_FALSE(executor.cancel(b));
  EXPECT_TRUE(executor.cancel(later));
  EXPECT_EQ(executor.pending_count(), 1U);
  executor.simulation().advance_by(absl::Seconds(2));
  EXPECT_THAT(log.names, ElementsAre("a"));
}

TEST(DeferredExecutor, DoesNotRunAJobThatAnEarlierJobOfTheDrainCancelled) {
  DeferredExecutor executor;
  Log log;
  JobId second;
  bool cancelled = false;
  executor.submit([&] { cancelled = executor.cancel(second); });
  second = executor.submit(log.add("second"));
  executor.submit(log.add("third"));
  executor.drain();
  EXPECT_TRUE(cancelled);
  EXPECT_THAT(log.names, ElementsAre("third"));
}

TEST(DeferredExecutor, CannotCancelWhatRunsOrRanOrNeverWas) {
  DeferredExecutor executor;
  bool while_running = true;
  JobId id;
  id = executor.submit([&] { while_running = executor.cancel(id); });
  executor.drain();
  EXPECT_FALSE(while_running);
  EXPECT_FALSE(executor.cancel(id));
  EXPECT_FALSE(executor.cancel(JobId()));
  EXPECT_FALSE(executor.cancel(JobId(1'000'000)));
}

// --- Limits.

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

TEST(DeferredExecutor, StopsAtTheLimitOfGenerations) {
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

TEST(DeferredExecutor, NamesACycleOfTwoInTheOrderOfTheSubmits) {
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

TEST(DeferredExecutor, StopsAtTheLimitOfSpawnedJobsButRunsWhatWasQueued) {
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

TEST(DeferredExecutor, ShowsTheFiveNearestSubmittersOfAChainThatDoesNotRepeat) {
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

TEST(DeferredExecutor, RunsAnyNumberOfJobsThatWereQueuedBefore) {
  DeferredExecutor executor;
  int runs = 0;
  for (int i = 0; i < 100; ++i) executor.submit([&] { ++runs; });
  EXPECT_TRUE(executor.drain({.max_spawned = 0}).status().ok());
  EXPECT_EQ(runs, 100);
}

// --- Misuse.

TEST(DeferredExecutor, RefusesADrainInsideAJob) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  std::string drained, ran_one;
  executor.submit(
      {.name = "send"},
      [&] {
        drained = misuse([&] { executor.drain(); });
        ran_one = misuse([&] { executor.run_one(); });
      },
      where);
  executor.drain();
  const auto text = [&](const std::string& call) {
    return "drydock: " + call + " was called inside job 'send' (#1, submitted at " +
           where.to_string() +
           "). A job that drains would run other jobs in its own middle, which no executor in "
           "production does. Submit what has to run after it, and call " +
           call + " from the test body.";
  };
  EXPECT_EQ(drained, text("drain()"));
  EXPECT_EQ(ran_one, text("run_one()"));
}

TEST(DeferredExecutor, RefusesADrainOnAnotherThread) {
  DeferredExecutor executor;
  std::string drained;
  std::thread([&] { drained = misuse([&] { executor.drain(); }); }).join();
  EXPECT_EQ(drained,
            "drydock: drain() was called on another thread than the one that made the simulation. "
            "Jobs of a test run on one thread, in one order. Call it from the test body, and from "
            "other threads only submit.");
}

TEST(DeferredExecutor, RefusesAnEmptyJob) {
  DeferredExecutor executor;
  EXPECT_THROW(executor.submit({.name = "empty"}, Job()), std::invalid_argument);
  EXPECT_EQ(executor.pending_count(), 0U);
}

// Hands its jobs on without taking its ids from the executor that it hands them to.
class ForgetfulExecutor : public Executor {
 public:
  explicit ForgetfulExecutor(Executor& base) : base_(base) {}

 protected:
  void do_submit(SubmittedJob job) override { forward(base_, std::move(job)); }

 private:
  Executor& base_;
};

TEST(DeferredExecutor, RefusesAForwardedJobWhoseIdIsTaken) {
  DeferredExecutor executor;
  ForgetfulExecutor forgetful(executor);
  executor.submit([] {});
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(misuse([&] { forgetful.submit([] {}, where); }),
            "drydock: a job with the id #1, submitted at " + where.to_string() +
                ", was forwarded to an executor that has a pending job of the same id. An executor "
                "that forwards jobs takes its ids from the one it forwards to: construct it with "
                "Executor(ids_of(base)).");
  EXPECT_EQ(executor.pending_count(), 1U);
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
