// What a simulation and its executors refuse, word for word.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/simulation.h"
#include "tests/job_log.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

TEST(DeferredExecutorMisuse, RefusesADrainInsideAJob) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  std::vector<std::string> texts;
  executor.submit(
      {.name = "send"},
      [&] {
        texts.push_back(misuse([&] { executor.drain(); }));
        texts.push_back(misuse([&] { executor.run_one(); }));
        texts.push_back(misuse([&] { executor.advance_by(absl::Seconds(1)); }));
        texts.push_back(misuse([&] { executor.advance_to_next(); }));
        texts.push_back(misuse([&] { executor.advance_until_idle(); }));
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
  EXPECT_THAT(texts, ElementsAre(text("drain()"), text("run_one()"), text("advance_by()"),
                                 text("advance_to_next()"), text("advance_until_idle()")));
}

TEST(DeferredExecutorMisuse, RefusesADrainOnAnotherThread) {
  DeferredExecutor executor;
  std::string drained;
  std::thread([&] { drained = misuse([&] { executor.drain(); }); }).join();
  EXPECT_EQ(drained,
            "drydock: drain() was called on another thread than the one that made the simulation. "
            "Jobs of a test run on one thread, in one order. Call it from the test body, and from "
            "other threads only submit.");
}

TEST(DeferredExecutorMisuse, RefusesAnEmptyJob) {
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

TEST(DeferredExecutorMisuse, RefusesAForwardedJobWhoseIdIsTaken) {
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

TEST(SimulationMisuse, RefusesToBeDrivenOnAnotherThread) {
  Simulation simulation;
  std::vector<std::string> texts;
  std::thread([&] {
    texts.push_back(misuse([&] { simulation.drain(); }));
    texts.push_back(misuse([&] { simulation.advance_by(absl::Seconds(1)); }));
    texts.push_back(misuse([&] { simulation.advance_to_next(); }));
    texts.push_back(misuse([&] { simulation.run_one(); }));
    texts.push_back(misuse([&] { simulation.advance_until_idle(); }));
  }).join();
  const auto text = [](const std::string& call) {
    return "drydock: " + call +
           " was called on another thread than the one that made the simulation. Jobs of a test "
           "run on one thread, in one order. Call it from the test body, and from other threads "
           "only submit.";
  };
  EXPECT_THAT(texts, ElementsAre(text("drain()"), text("advance_by()"), text("advance_to_next()"),
                                 text("run_one()"), text("advance_until_idle()")));
}

TEST(SimulationMisuse, RefusesToBeDrivenInsideAJob) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const SourceLocation where = SourceLocation::current();
  std::vector<std::string> texts;
  executor.submit(
      {.name = "send"},
      [&] {
        texts.push_back(misuse([&] { simulation.advance_by(absl::Seconds(1)); }));
        texts.push_back(misuse([&] { simulation.advance_to_next(); }));
        texts.push_back(misuse([&] { simulation.run_one(); }));
        texts.push_back(misuse([&] { simulation.advance_until_idle(); }));
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
  EXPECT_THAT(texts, ElementsAre(text("advance_by()"), text("advance_to_next()"), text("run_one()"),
                                 text("advance_until_idle()")));
}

TEST(SimulationMisuse, RefusesToTurnTheClockBack) {
  Simulation simulation;
  EXPECT_EQ(
      misuse([&] { simulation.advance_by(-absl::Seconds(90)); }),
      "drydock: advance_by(-1m30s) would turn the simulated clock back. Pass how far it moves "
      "forward.");
}

TEST(SimulationMisuse, RefusesToMoveTheClockForEver) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  const std::string text =
      "drydock: advance_by(inf) would move the simulated clock to a time that never comes. Call "
      "advance_until_idle(), which stops at the last job's due time, or pass a finite duration.";
  EXPECT_EQ(misuse([&] { simulation.advance_by(absl::InfiniteDuration()); }), text);
  EXPECT_EQ(misuse([&] { executor.advance_by(absl::InfiniteDuration()); }), text);
}

TEST(SimulationMisuse, RefusesToRunJobsLessThanOnce) {
  Simulation simulation;
  DeferredExecutor executor(simulation);
  executor.submit([] {});
  const DrainOptions none{.deliveries = 0};
  const auto text = [](const std::string& call, const std::string& value) {
    return "drydock: " + call + " was given deliveries = " + value +
           ". Pass 1, the default, to run each job once, or 2 and more to see whether jobs can "
           "bear to be delivered again.";
  };
  EXPECT_EQ(misuse([&] { simulation.drain(none); }), text("drain()", "0"));
  EXPECT_EQ(misuse([&] { executor.drain({.deliveries = -3}); }), text("drain()", "-3"));
  EXPECT_EQ(misuse([&] { simulation.advance_by(absl::Seconds(1), none); }),
            text("advance_by()", "0"));
  EXPECT_EQ(misuse([&] { simulation.advance_to_next(none); }), text("advance_to_next()", "0"));
  EXPECT_EQ(misuse([&] { simulation.advance_until_idle(none); }),
            text("advance_until_idle()", "0"));
  EXPECT_EQ(executor.pending_count(), 1U);
}

TEST(SimulationMisuse, RefusesANegativeNumberOfGenerations) {
  Simulation simulation;
  const DrainOptions negative{.max_generation = -1};
  const auto text = [](const std::string& call) {
    return "drydock: " + call +
           " was given max_generation = -1. Pass how many jobs may stand above a job in its chain "
           "of submitters: 0 where no job may submit one that runs, 1000 by default.";
  };
  EXPECT_EQ(misuse([&] { simulation.drain(negative); }), text("drain()"));
  EXPECT_EQ(misuse([&] { simulation.advance_by(absl::Seconds(1), negative); }),
            text("advance_by()"));
  EXPECT_EQ(misuse([&] { simulation.advance_to_next(negative); }), text("advance_to_next()"));
  EXPECT_EQ(misuse([&] { simulation.advance_until_idle(negative); }), text("advance_until_idle()"));
}

TEST(SimulationMisuse, MayBeDrivenInsideAJobOfAnotherSimulation) {
  Simulation outer, inner;
  DeferredExecutor outer_executor(outer), inner_executor(inner);
  bool ran = false;
  inner_executor.submit([&] { ran = true; });
  outer_executor.submit([&] { inner.drain(); });
  outer.drain();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace drydock
