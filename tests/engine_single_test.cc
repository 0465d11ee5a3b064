// A drain of one job has a way of its own (src/engine_plain_drain.cc): nothing of that is to be
// seen from outside.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "drydock/deferred_executor.h"
#include "drydock/finding.h"
#include "drydock/inline_executor.h"
#include "drydock/simulation.h"
#include "drydock/wait_idle.h"
#include "tests/idle_thread.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EngineSingleTest : public ::testing::Test {
 protected:
  std::vector<std::string> events() const {
    std::vector<std::string> events;
    for (const Event& event : simulation_.journal().events()) {
      events.emplace_back(to_string(event.kind));
      if (event.job) events.back() += " #" + std::to_string(event.job.value());
    }
    return events;
  }
  DrainReport drain_single(Job job) {
    executor_.submit({.name = "single"}, std::move(job));
    return executor_.drain();
  }

  // The job makes another executor, and submits to it.
  template <class Other>
  void makes_another() {
    std::optional<Other> other;
    bool ran = false;
    executor_.submit([&] {
      other.emplace(simulation_, "other");
      other->submit([&] { ran = true; });
    });
    EXPECT_THAT(simulation_.drain().runs, SizeIs(2));
    EXPECT_TRUE(ran);
  }

  mutable Simulation simulation_;
  DeferredExecutor executor_{simulation_, "mails"};
};

TEST_F(EngineSingleTest, ItHasItsRunAndItsEvents) {
  const SourceLocation where = SourceLocation::current();
  simulation_.advance_by(absl::Seconds(3));
  const SimulationMark mark = simulation_.mark();
  executor_.submit([] {}, where);
  const DrainReport report = executor_.drain();
  EXPECT_TRUE(report.status().ok()) << report;
  EXPECT_THAT(report.pending, IsEmpty());
  ASSERT_THAT(report.runs, SizeIs(1));
  const JobRun& run = report.runs[0];
  EXPECT_EQ(run.id, JobId(1));
  EXPECT_EQ(run.parent, JobId());
  EXPECT_EQ(run.name, where.short_name());
  EXPECT_EQ(run.where, where);
  EXPECT_EQ(run.due, simulation_.clock().now());
  EXPECT_EQ(run.outcome, JobRun::kSucceeded);
  EXPECT_EQ(run.generation, 0);
  EXPECT_EQ(run.deliveries, 1);
  EXPECT_EQ(run.executor, "mails");
  std::vector<std::string> kinds;
  for (const Event& event : simulation_.events_since(mark)) {
    kinds.emplace_back(to_string(event.kind));
    EXPECT_EQ(event.at, simulation_.clock().now());
  }
  EXPECT_THAT(kinds,
              ElementsAre("submitted", "drain started", "started", "finished", "drain ended"));
  EXPECT_EQ(executor_.pending_count(), 0U);
}

TEST_F(EngineSingleTest, SoHasEachOfManyDrains) {
  for (std::uint64_t i = 1; i <= 600; ++i) {
    const std::string name = i % 3 == 0 ? "invoice" : "mail";
    executor_.submit({.name = name}, [] {});
    const DrainReport report = i % 2 == 0 ? executor_.drain() : simulation_.drain();
    ASSERT_THAT(report.runs, SizeIs(1));
    EXPECT_EQ(report.runs[0].id, JobId(i));
    EXPECT_EQ(report.runs[0].name, name);
  }
  EXPECT_THAT(events(), SizeIs(5 * 600));
}

TEST_F(EngineSingleTest, BeforeAndAfterADrainOfMany) {
  std::uint64_t last = 0;
  for (const std::size_t jobs : {1U, 5U, 1U, 1U, 300U, 1U, 2U}) {
    const std::string name = "one of " + std::to_string(jobs);
    for (std::size_t i = 0; i < jobs; ++i) executor_.submit({.name = name}, [] {});
    const DrainReport report = executor_.drain();
    ASSERT_THAT(report.runs, SizeIs(jobs));
    for (const JobRun& run : report.runs) {
      EXPECT_EQ(run.id, JobId(++last));
      EXPECT_EQ(run.name, name);
    }
  }
  EXPECT_EQ(executor_.pending_count(), 0U);
}

TEST_F(EngineSingleTest, ItSeesItselfRunning) {
  const DrainReport report = drain_single([&] {
    EXPECT_EQ(executor_.pending_count(), 0U);
    EXPECT_THAT(events(), ElementsAre("submitted #1", "drain started", "started #1"));
    ASSERT_TRUE(current_job());
    EXPECT_EQ(current_job()->name(), "single");
    EXPECT_FALSE(executor_.cancel(JobId(1))) << "it is running";
  });
  EXPECT_THAT(report.runs, SizeIs(1));
  EXPECT_THAT(events(), ElementsAre("submitted #1", "drain started", "started #1", "finished #1",
                                    "drain ended"));
}

TEST_F(EngineSingleTest, AnotherThreadSeesItRunning) {
  const DrainReport report = drain_single([&] {
    std::thread([&] {
      EXPECT_EQ(executor_.pending_count(), 0U);
      EXPECT_THAT(events(), ElementsAre("submitted #1", "drain started", "started #1"));
    }).join();
  });
  EXPECT_THAT(report.runs, SizeIs(1));
  EXPECT_THAT(events(), SizeIs(5));
}

TEST_F(EngineSingleTest, AFailureIsReportedWhetherAnybodyHasLookedOrNot) {
  for (const bool looked : {false, true}) {
    const SimulationMark mark = simulation_.mark();
    const DrainReport report = drain_single([&] {
      if (looked) {
        EXPECT_EQ(executor_.pending_count(), 0U);
      }
      throw std::runtime_error("no such mailbox");
    });
    EXPECT_EQ(report.status().code(), absl::StatusCode::kAborted);
    ASSERT_THAT(report.runs, SizeIs(1));
    EXPECT_EQ(report.runs[0].outcome, JobRun::kFailed);
    EXPECT_EQ(report.runs[0].error, "std::runtime_error: no such mailbox");
    EXPECT_THAT(simulation_.take_failures(), SizeIs(1));
    const std::vector<Event> events = simulation_.events_since(mark);
    ASSERT_THAT(events, SizeIs(5));
    EXPECT_EQ(events[3].kind, Event::kFailed);
    EXPECT_EQ(events[4].kind, Event::kDrainEnded);
  }
  EXPECT_TRUE(drain_single([] {}).status().ok());
}

const ContextSlot<int> context_slot("single");

TEST_F(EngineSingleTest, AContextThatItLeavesChangedIsAFinding) {
  EXPECT_THAT(drain_single([] { context_slot.set(7); }).runs, SizeIs(1));
  EXPECT_EQ(context_slot.get(), nullptr);
  const std::vector<Finding> findings = simulation_.findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, Finding::kContextLeaked);
  EXPECT_THAT(events(), ElementsAre("submitted #1", "drain started", "started #1", "finished #1",
                                    "finding made #1", "drain ended"));
}

TEST_F(EngineSingleTest, ItRunsInTheContextOfItsSubmit) {
  std::optional<int> seen;
  {
    const ScopedContext scope(context_slot, 4);
    executor_.submit([&] { seen = *context_slot.get(); });
  }
  EXPECT_THAT(executor_.drain().runs, SizeIs(1));
  EXPECT_EQ(seen, 4);
}

TEST_F(EngineSingleTest, WhatItSubmitsRunsInTheSameDrain) {
  const DrainReport report = drain_single([&] { executor_.submit({.name = "child"}, [] {}); });
  ASSERT_THAT(report.runs, SizeIs(2));
  EXPECT_EQ(report.runs[1].name, "child");
  EXPECT_EQ(report.runs[1].parent, JobId(1));
  EXPECT_EQ(report.runs[1].generation, 1);
  EXPECT_THAT(events(), ElementsAre("submitted #1", "drain started", "started #1", "submitted #2",
                                    "finished #1", "started #2", "finished #2", "drain ended"));
}

TEST_F(EngineSingleTest, WhatItSubmitsIsBoundByTheLimitsOfTheDrain) {
  std::function<void()> again = [&] { executor_.submit({.name = "again"}, again); };
  executor_.submit({.name = "first"}, again);
  const DrainReport report = executor_.drain({.max_spawned = 3});
  EXPECT_EQ(report.limit.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(report.runs, SizeIs(4));
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].reason, PendingJob::kOverLimit);
  EXPECT_TRUE(executor_.cancel(report.pending[0].id));
  ASSERT_THAT(simulation_.findings(), SizeIs(1));
  EXPECT_EQ(simulation_.findings()[0].kind, Finding::kRunaway);
}

TEST_F(EngineSingleTest, AnExecutorThatItMakesTakesPart) { makes_another<DeferredExecutor>(); }

TEST_F(EngineSingleTest, AnInlineExecutorThatItMakesRunsItsJobs) {
  makes_another<InlineExecutor>();
}

TEST_F(EngineSingleTest, AListingKnowsHowLongItHasRun) {
  const IdleThread other;  // the clock is not read while there is one thread
  std::string text;
  executor_.submit([] {});
  executor_.drain();
  drain_single([&] {
    std::thread([&] {
      text = without_times(std::string(wait_idle({&executor_}, absl::Milliseconds(1)).message()));
    }).join();
  });
  EXPECT_THAT(text, HasSubstr("\n  running for T on thread"));
}

TEST_F(EngineSingleTest, WhoWaitsForItsEndIsWoken) {
  for (int i = 0; i < 100; ++i) {
    const std::string name = "single " + std::to_string(i);
    absl::Status waited;
    std::thread waiter(
        [&] { waited = simulation_.journal().wait_for(finished(name), absl::Seconds(30)); });
    executor_.submit({.name = name}, [] {});
    executor_.drain();
    waiter.join();
    EXPECT_TRUE(waited.ok()) << waited;
  }
}

TEST_F(EngineSingleTest, ATraceHasTheTimeOfEachOfItsEvents) {
  simulation_.journal().keep_real_times();
  EXPECT_THAT(drain_single([] {}).runs, SizeIs(1));
  const std::vector<Event> events = simulation_.journal().events();
  ASSERT_THAT(events, SizeIs(5));
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].thread, 1) << i;
    if (i > 0) {
      EXPECT_GE(events[i].real_time, events[i - 1].real_time) << i;
    }
  }
}

TEST_F(EngineSingleTest, ADrainOfOtherNamesLeavesIt) {
  executor_.submit({.name = "mail"}, [] {});
  const DrainReport report = executor_.drain({.only = {"invoice"}});
  EXPECT_THAT(report.runs, IsEmpty());
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].reason, PendingJob::kFiltered);
  EXPECT_THAT(executor_.drain({.only = {"mail"}}).runs, SizeIs(1));
}

TEST_F(EngineSingleTest, ARecurringJobThatAFilterHasLeftComesAgain) {
  const JobId id = executor_.submit_every({.name = "poll"}, absl::Seconds(1), [] {});
  EXPECT_THAT(executor_.advance_by(absl::Seconds(1), {.only = {"mail"}}).runs, IsEmpty());
  EXPECT_THAT(executor_.drain().runs, SizeIs(1));
  EXPECT_THAT(executor_.advance_by(absl::Seconds(2)).runs, SizeIs(2));
  EXPECT_TRUE(executor_.cancel(id));
}

TEST_F(EngineSingleTest, ADrainInItsMiddleIsRefused) {
  drain_single([&] { executor_.drain(); });
  const std::vector<JobRun> failures = simulation_.take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_THAT(failures[0].error, HasSubstr("drain() was called inside job 'single'"));
}

TEST_F(EngineSingleTest, TheOneJobThatIsDueIsNotTheOnlyOne) {
  executor_.submit({.name = "later", .delay = absl::Seconds(1)}, [] {});
  const DrainReport report = drain_single([] {});
  EXPECT_THAT(report.runs, SizeIs(1));
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].reason, PendingJob::kNotDue);
  EXPECT_THAT(simulation_.advance_by(absl::Seconds(1)).runs, SizeIs(1));
}

TEST_F(EngineSingleTest, ItIsRunTwiceWhereItIsToBe) {
  int runs = 0;
  executor_.submit([&runs] { ++runs; });
  const DrainReport report = executor_.drain({.deliveries = 2});
  ASSERT_THAT(report.runs, SizeIs(1));
  EXPECT_EQ(report.runs[0].deliveries, 2);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(drain_single([] {}).runs[0].deliveries, 1);
}

TEST_F(EngineSingleTest, WhatTheOwnerOfAReportWroteIntoItStandsInNoOther) {
  const auto expect_fresh = [](const JobRun& run) {
    EXPECT_EQ(run.name, "single");
    EXPECT_EQ(run.error, "");
    EXPECT_EQ(run.executor, "mails");
    EXPECT_GT(run.where.line(), 0U);
    EXPECT_EQ(run.parent, JobId());
    EXPECT_EQ(run.outcome, JobRun::kSucceeded);
    EXPECT_EQ(run.generation, 0);
    EXPECT_EQ(run.deliveries, 1);
  };
  for (const bool with_error : {false, true}) {
    DrainReport report = drain_single([] {});
    expect_fresh(report.runs[0]);
    JobRun& run = report.runs[0];
    run.name = "renamed";
    run.executor = "nobody's";
    run.where = SourceLocation();
    run.parent = JobId(9);
    run.outcome = JobRun::kFailed;
    run.generation = 7;
    run.deliveries = 7;
    if (with_error) run.error = "written";
  }
  expect_fresh(drain_single([] {}).runs[0]);
}

}  // namespace
}  // namespace drydock
