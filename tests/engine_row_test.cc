// Jobs in line run in rows (src/engine_row.cc): nothing of that is to be seen from outside.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "drydock/deferred_executor.h"
#include "drydock/finding.h"
#include "drydock/simulation.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/wait_idle.h"
#include "src/coarse_clock.h"
#include "tests/idle_thread.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// More than the engine keeps in one piece.
constexpr int kJobs = 700;

class EngineRowTest : public ::testing::Test {
 protected:
  // All from one line, so that they are alike.
  template <class Body>
  void submit(int jobs, Body body) {
    for (int i = 0; i < jobs; ++i) executor_.submit({.name = "alike"}, [body, i] { body(i); });
  }
  int count(Event::Kind kind) const {
    int events = 0;
    for (const Event& event : simulation_.journal().events()) events += event.kind == kind ? 1 : 0;
    return events;
  }

  // As another thread sees it, without times.
  std::string listing() {
    std::string text;
    std::thread([&] {
      const absl::Status status = wait_idle({&executor_}, absl::Milliseconds(1));
      text = without_times(std::string(status.message()));
    }).join();
    return text;
  }

  mutable Simulation simulation_;
  DeferredExecutor executor_{simulation_};
};

TEST_F(EngineRowTest, EachJobHasItsRunAndItsEvents) {
  std::vector<int> order;
  submit(kJobs, [&](int i) { order.push_back(i); });
  const DrainReport report = executor_.drain();
  ASSERT_THAT(order, SizeIs(kJobs));
  ASSERT_THAT(report.runs, SizeIs(kJobs));
  EXPECT_TRUE(report.status().ok()) << report;
  EXPECT_EQ(executor_.pending_count(), 0U);
  const std::vector<Event> events = simulation_.journal().events();
  ASSERT_THAT(events, SizeIs(3 * kJobs + 2));
  for (int i = 0; i < kJobs; ++i) {
    const JobId id(static_cast<std::uint64_t>(i) + 1);
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(order[at], i);
    EXPECT_EQ(report.runs[at].id, id);
    EXPECT_EQ(report.runs[at].name, "alike");
    const Event& started = events[kJobs + 1 + 2 * at];
    const Event& finished = events[kJobs + 2 + 2 * at];
    EXPECT_EQ(started.kind, Event::kStarted);
    EXPECT_EQ(started.job, id);
    EXPECT_EQ(finished.kind, Event::kFinished);
    EXPECT_EQ(finished.job, id);
  }
}

TEST_F(EngineRowTest, AJobThatLooksSeesItselfRunningAndTheOthersEndedOrPending) {
  submit(kJobs, [&](int i) {
    if (i % 100 != 50) return;
    EXPECT_EQ(executor_.pending_count(), static_cast<std::size_t>(kJobs - 1 - i));
    EXPECT_EQ(count(Event::kStarted), i + 1);
    EXPECT_EQ(count(Event::kFinished), i);
    ASSERT_TRUE(current_job());
    EXPECT_EQ(current_job()->id(), JobId(static_cast<std::uint64_t>(i) + 1));
  });
  EXPECT_THAT(executor_.drain().runs, SizeIs(kJobs));
  EXPECT_EQ(count(Event::kFinished), kJobs);
}

TEST_F(EngineRowTest, AnotherThreadSeesTheSame) {
  submit(kJobs, [&](int i) {
    if (i % 100 != 50) return;
    std::thread([&] {
      EXPECT_EQ(executor_.pending_count(), static_cast<std::size_t>(kJobs - 1 - i));
      EXPECT_EQ(count(Event::kStarted), i + 1);
      EXPECT_EQ(count(Event::kFinished), i);
    }).join();
  });
  EXPECT_THAT(executor_.drain().runs, SizeIs(kJobs));
}

TEST_F(EngineRowTest, AThreadThatLooksAllTheTimeNeverSeesAJobInTwoStates) {
  submit(kJobs, [](int) {});
  std::atomic<bool> over{false};
  std::latch looking{1};
  std::thread observer([&] {
    looking.count_down();
    for (bool last = false; !last;) {
      last = over;
      const std::size_t pending = executor_.pending_count();
      const int finished = count(Event::kFinished);
      const int started = count(Event::kStarted);
      EXPECT_GE(started, finished);
      EXPECT_LE(finished, kJobs);
      // Looked at before the others, so it may have been more by then.
      EXPECT_GE(pending + static_cast<std::size_t>(started), static_cast<std::size_t>(kJobs));
    }
  });
  looking.wait();
  EXPECT_THAT(executor_.drain().runs, SizeIs(kJobs));
  over = true;
  observer.join();
}

TEST_F(EngineRowTest, AListingKnowsOfOneOfManyQuickJobsHowLongItHasRunAtMost) {
  const IdleThread other;
  std::string texts;
  submit(kJobs, [&](int i) {
    if (i % 100 == 50) texts += listing();
  });
  executor_.drain();
  EXPECT_THAT(texts, HasSubstr("\n  running for up to T on thread"));
}

TEST_F(EngineRowTest, AListingKnowsHowLongAJobAmongSlowOnesHasRun) {
  const IdleThread other;
  std::string text;
  submit(30, [&](int i) {
    if (i == 29) {
      text = listing();
      return;
    }
    const internal::CoarseTick before = internal::coarse_tick();
    while (internal::coarse_tick() == before) std::this_thread::yield();
  });
  executor_.drain();
  EXPECT_THAT(text, HasSubstr("\n  running for T on thread"));
}

TEST_F(EngineRowTest, CancelOfALaterJobIsExact) {
  std::vector<int> order;
  submit(10, [&](int i) {
    order.push_back(i);
    if (i != 4) return;
    EXPECT_TRUE(executor_.cancel(JobId(7)));
    EXPECT_FALSE(executor_.cancel(JobId(5))) << "it is running";
    EXPECT_FALSE(executor_.cancel(JobId(4))) << "it has ended";
  });
  EXPECT_THAT(executor_.drain().runs, SizeIs(9));
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 7, 8, 9));
}

TEST_F(EngineRowTest, AFailureStandsWhereItHappened) {
  submit(10, [&](int i) {
    if (i == 6) throw std::runtime_error("the seventh");
  });
  const DrainReport report = executor_.drain();
  ASSERT_THAT(report.runs, SizeIs(10));
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(report.runs[i].id, JobId(i + 1));
    EXPECT_EQ(report.runs[i].outcome, i == 6 ? JobRun::kFailed : JobRun::kSucceeded) << i;
  }
  const std::vector<JobRun> failures = simulation_.take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].error, "std::runtime_error: the seventh");
  EXPECT_EQ(count(Event::kFailed), 1);
  EXPECT_EQ(count(Event::kFinished), 9);
}

TEST_F(EngineRowTest, WhatAJobSubmitsRunsAfterTheOthers) {
  std::vector<std::string> order;
  submit(4, [&](int i) {
    order.push_back(std::to_string(i));
    if (i == 2) executor_.submit({.name = "child"}, [&] { order.emplace_back("child"); });
  });
  const DrainReport report = executor_.drain();
  EXPECT_THAT(order, ElementsAre("0", "1", "2", "3", "child"));
  ASSERT_THAT(report.runs, SizeIs(5));
  EXPECT_EQ(report.runs[4].parent, JobId(3));
  EXPECT_EQ(report.runs[4].generation, 1);
}

const ContextSlot<int> context_slot("row");

TEST_F(EngineRowTest, AJobThatLeavesItsContextChangedIsNamed) {
  submit(5, [&](int i) {
    if (i == 3) context_slot.set(7);
  });
  EXPECT_THAT(executor_.drain().runs, SizeIs(5));
  const std::vector<Finding> findings = simulation_.findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, Finding::kContextLeaked);
  EXPECT_EQ(findings[0].job, JobId(4));
  EXPECT_EQ(count(Event::kFinished), 5);
}

TEST_F(EngineRowTest, EachJobSeesTheContextThatItWasSubmittedIn) {
  std::vector<int> seen;
  for (int i = 0; i < 4; ++i) {
    const ScopedContext scope(context_slot, i);
    executor_.submit({.name = "alike"}, [&] { seen.push_back(*context_slot.get()); });
  }
  EXPECT_THAT(executor_.drain().runs, SizeIs(4));
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(context_slot.get(), nullptr);
}

// Each pool counts its own ids, so that two parents may both be #1.
TEST_F(EngineRowTest, JobsOfTwoParentsOfTheSameIdKeepTheirGenerations) {
  const auto helper = [this] { executor_.submit({.name = "alike"}, [] {}); };
  ThreadPoolExecutor first({.threads = 1, .name = "first"});
  ThreadPoolExecutor second({.threads = 1, .name = "second"});
  first.submit([&] {
    helper();
    second.submit(helper);
  });
  ASSERT_TRUE(first.wait_idle(absl::InfiniteDuration()).ok());
  ASSERT_TRUE(second.wait_idle(absl::InfiniteDuration()).ok());
  const DrainReport report = executor_.drain();
  ASSERT_THAT(report.runs, SizeIs(2));
  EXPECT_EQ(report.runs[0].parent, report.runs[1].parent);
  EXPECT_EQ(report.runs[0].generation, 1);
  EXPECT_EQ(report.runs[1].generation, 2);
}

TEST_F(EngineRowTest, AFailedRunHasTheNameThatTheOthersHave) {
  for (const bool fails : {false, true}) {
    executor_.submit(
        [fails] {
          if (fails) throw std::runtime_error("no");
        },
        SourceLocation());
  }
  const DrainReport report = executor_.drain();
  ASSERT_THAT(report.runs, SizeIs(2));
  EXPECT_EQ(report.runs[0].name, report.runs[1].name);
  EXPECT_THAT(simulation_.take_failures(), SizeIs(1));
}

// Of several names and two lines in turn, so that one or two jobs that follow each other are alike.
class MixedRowTest : public EngineRowTest {
 protected:
  static std::string name_of(int i) {
    static constexpr std::array<const char*, 7> kNames = {"mail",  "mail", "",     "invoice",
                                                          "audit", "mail", "audit"};
    return kNames[static_cast<std::size_t>(i) % kNames.size()];
  }
  static std::string shown_name_of(int i, const JobRun& run) {
    return name_of(i).empty() ? run.where.short_name() : name_of(i);
  }
  template <class Body>
  void submit_mixed(int jobs, Body body) {
    for (int i = 0; i < jobs; ++i) submit_mixed_one(i, body);
  }
  template <class Body>
  void submit_mixed_one(int i, Body body) {
    if (i % 7 == 3) {
      executor_.submit(
          {.name = name_of(i)}, [body, i] { body(i); }, kOther);
    } else {
      executor_.submit({.name = name_of(i)}, [body, i] { body(i); });
    }
  }
  // Of `kJobs` jobs.
  void drain_and_expect_names() {
    const DrainReport report = executor_.drain();
    ASSERT_THAT(report.runs, SizeIs(kJobs));
    for (int i = 0; i < kJobs; ++i) {
      const JobRun& run = report.runs[static_cast<std::size_t>(i)];
      EXPECT_EQ(run.id, JobId(static_cast<std::uint64_t>(i) + 1));
      EXPECT_EQ(run.name, shown_name_of(i, run));
    }
  }
  static constexpr SourceLocation kOther = SourceLocation::current();
};

TEST_F(MixedRowTest, EachJobHasItsRunAndItsEvents) {
  for (int drain = 0; drain < 2; ++drain) {
    const SimulationMark mark = simulation_.mark();
    // In the second drain most jobs are others than stood in their place in the first.
    for (int i = 0; i < kJobs; ++i) submit_mixed_one(i + drain, [](int) {});
    const DrainReport report = executor_.drain();
    ASSERT_THAT(report.runs, SizeIs(kJobs));
    const std::vector<Event> events = simulation_.events_since(mark);
    ASSERT_THAT(events, SizeIs(3 * kJobs + 2));
    for (int i = 0; i < kJobs; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const JobRun& run = report.runs[at];
      EXPECT_EQ(run.id, JobId(static_cast<std::uint64_t>(drain * kJobs + i) + 1));
      EXPECT_EQ(run.name, shown_name_of(i + drain, run));
      EXPECT_EQ(run.where == kOther, (i + drain) % 7 == 3);
      for (const std::size_t event : {at, kJobs + 1 + 2 * at, kJobs + 2 + 2 * at}) {
        EXPECT_EQ(events[event].job, run.id);
        EXPECT_EQ(events[event].name, run.name);
        EXPECT_EQ(events[event].where, run.where);
      }
      EXPECT_EQ(events[kJobs + 1 + 2 * at].kind, Event::kStarted);
      EXPECT_EQ(events[kJobs + 2 + 2 * at].kind, Event::kFinished);
    }
  }
}

TEST_F(MixedRowTest, AnotherThreadThatLooksSeesTheNamesOfThoseThatHaveEnded) {
  submit_mixed(kJobs, [&](int i) {
    if (i % 50 != 20) return;
    std::thread([&] {
      const std::vector<Event> events = simulation_.journal().events();
      ASSERT_THAT(events, SizeIs(kJobs + 1 + 2 * i + 1));
      for (int ended = 0; ended < i; ++ended) {
        const auto submit = static_cast<std::size_t>(ended);
        const Event& finished = events[kJobs + 2 + 2 * submit];
        EXPECT_EQ(finished.kind, Event::kFinished);
        EXPECT_EQ(finished.job, events[submit].job);
        EXPECT_EQ(finished.name, events[submit].name);
      }
    }).join();
  });
  drain_and_expect_names();
}

TEST_F(MixedRowTest, AJobThatLooksSeesItselfRunningAndTheOthersEndedOrPending) {
  submit_mixed(kJobs, [&](int i) {
    if (i % 50 != 20) return;
    EXPECT_EQ(executor_.pending_count(), static_cast<std::size_t>(kJobs - 1 - i));
    const std::vector<Event> events = simulation_.journal().events();
    ASSERT_THAT(events, SizeIs(kJobs + 1 + 2 * i + 1));
    EXPECT_EQ(events.back().kind, Event::kStarted);
    EXPECT_EQ(events.back().job, JobId(static_cast<std::uint64_t>(i) + 1));
  });
  drain_and_expect_names();
}

TEST_F(MixedRowTest, AFailureStandsWhereItHappened) {
  submit_mixed(30, [](int i) {
    if (i == 17) throw std::runtime_error("the eighteenth");
  });
  const DrainReport report = executor_.drain();
  ASSERT_THAT(report.runs, SizeIs(30));
  for (int i = 0; i < 30; ++i) {
    const JobRun& run = report.runs[static_cast<std::size_t>(i)];
    EXPECT_EQ(run.id, JobId(static_cast<std::uint64_t>(i) + 1));
    EXPECT_EQ(run.name, shown_name_of(i, run));
    EXPECT_EQ(run.outcome, i == 17 ? JobRun::kFailed : JobRun::kSucceeded) << i;
  }
  EXPECT_THAT(simulation_.take_failures(), SizeIs(1));
  EXPECT_EQ(count(Event::kFinished), 29);
}

// A job may stand in line since long before the one behind it.
TEST_F(MixedRowTest, EachRunSaysWhenItsJobWasDue) {
  submit_mixed(4, [](int) {});
  EXPECT_THAT(executor_.advance_by(absl::Seconds(5), {.only = {"none of them"}}).runs, SizeIs(0));
  submit_mixed(4, [](int) {});
  const DrainReport report = executor_.drain();
  ASSERT_THAT(report.runs, SizeIs(8));
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(report.runs[i].due, report.runs[0].due + absl::Seconds(i < 4 ? 0 : 5)) << i;
  }
}

TEST_F(MixedRowTest, ACancelledJobBetweenOthersIsInNoReport) {
  submit_mixed(5, [](int) {});
  EXPECT_TRUE(executor_.cancel(JobId(3)));
  const DrainReport report = executor_.drain();
  ASSERT_THAT(report.runs, SizeIs(4));
  EXPECT_EQ(report.runs[2].id, JobId(4));
  EXPECT_EQ(report.runs[2].name, "invoice");
}

TEST_F(EngineRowTest, EachDrainHasItsOwnRuns) {
  for (int drain = 0; drain < 3; ++drain) {
    submit(kJobs, [](int) {});
    const DrainReport report = executor_.drain();
    ASSERT_THAT(report.runs, SizeIs(kJobs));
    EXPECT_EQ(report.runs.front().id, JobId(static_cast<std::uint64_t>(drain * kJobs) + 1));
  }
  EXPECT_EQ(count(Event::kFinished), 3 * kJobs);
}

}  // namespace
}  // namespace drydock
