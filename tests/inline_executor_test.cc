#include "drydock/inline_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/misuse_error.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

TEST(InlineExecutor, RunsAJobInsideSubmitOnTheCallingThread) {
  InlineExecutor executor;
  std::thread::id ran_on;
  executor.submit([&] { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(InlineExecutor, RunsWhatAJobSubmitsAfterItInOrder) {
  InlineExecutor executor;
  std::vector<std::string> log;
  executor.submit([&] {
    log.push_back("a begins");
    executor.submit([&] {
      log.push_back("b");
      executor.submit([&] { log.push_back("d"); });
    });
    executor.submit([&] { log.push_back("c"); });
    log.push_back("a ends");
  });
  EXPECT_THAT(log, ElementsAre("a begins", "a ends", "b", "c", "d"));
}

TEST(InlineExecutor, KeepsOneOrderForSeveralExecutors) {
  Simulation simulation;
  InlineExecutor first(simulation), second(simulation);
  std::vector<std::string> log;
  first.submit([&] {
    second.submit([&] { log.push_back("b"); });
    first.submit([&] { log.push_back("c"); });
    second.submit([&] { log.push_back("d"); });
    log.push_back("a");
  });
  EXPECT_THAT(log, ElementsAre("a", "b", "c", "d"));
}

TEST(InlineExecutor, RunsAChainOfAMillionJobsOnAConstantStack) {
  InlineExecutor executor;
  int left = 1'000'000;
  const char* deepest = nullptr;
  const char* shallowest = nullptr;
  struct Next {
    InlineExecutor& executor;
    int& left;
    const char*& deepest;
    const char*& shallowest;
    void operator()() const {
      const auto* here = static_cast<const char*>(__builtin_frame_address(0));
      if (deepest == nullptr || here < deepest) deepest = here;
      if (shallowest == nullptr || here > shallowest) shallowest = here;
      if (--left > 0) executor.submit({.name = "next"}, *this);
    }
  };
  executor.submit({.name = "next"}, Next{executor, left, deepest, shallowest});
  EXPECT_EQ(left, 0);
  EXPECT_LT(shallowest - deepest, 4'096);
  EXPECT_THAT(executor.simulation().findings(), IsEmpty());
}

TEST(InlineExecutor, KeepsAFailureFromTheSubmitter) {
  InlineExecutor executor;
  EXPECT_NO_THROW(
      executor.submit({.name = "send"}, [] { throw std::runtime_error("no mail server"); }));
  EXPECT_THAT(executor.simulation().take_failures(),
              ElementsAre(Field(&JobRun::error, "std::runtime_error: no mail server")));
}

TEST(InlineExecutor, WaitsForTheClockWithADelayedJob) {
  InlineExecutor executor;
  Simulation& simulation = executor.simulation();
  const absl::Time start = simulation.clock().now();
  absl::Time ran_at;
  executor.submit({.name = "remind", .delay = absl::Minutes(5)},
                  [&] { ran_at = simulation.clock().now(); });
  EXPECT_THAT(simulation.pending(), ElementsAre(Field(&PendingJob::reason, PendingJob::kNotDue)));
  simulation.advance_by(absl::Minutes(10));
  EXPECT_EQ(ran_at, start + absl::Minutes(5));
}

TEST(InlineExecutor, RunsAnotherThreadsJobsOnThatThread) {
  InlineExecutor executor;
  std::thread::id ran_on, chained_on;
  std::thread::id thread_id;
  std::thread([&] {
    thread_id = std::this_thread::get_id();
    executor.submit([&] {
      ran_on = std::this_thread::get_id();
      executor.submit([&] { chained_on = std::this_thread::get_id(); });
    });
  }).join();
  EXPECT_EQ(ran_on, thread_id);
  EXPECT_EQ(chained_on, thread_id);
}

TEST(InlineExecutor, RunsTheJobsOfTwoThreadsAtTheSameTime) {
  InlineExecutor executor;
  std::latch both_run(2);
  std::thread other([&] { executor.submit([&] { both_run.arrive_and_wait(); }); });
  executor.submit([&] { both_run.arrive_and_wait(); });
  other.join();
  EXPECT_THAT(executor.simulation().pending(), IsEmpty());
}

TEST(InlineExecutor, CancelsAJobThatWaitsForTheClockOrForItsTurn) {
  InlineExecutor executor;
  int runs = 0;
  const JobId later = executor.submit({.delay = absl::Hours(1)}, [&] { ++runs; });
  EXPECT_TRUE(executor.cancel(later));
  bool cancelled = false;
  executor.submit([&] {
    const JobId next = executor.submit([&] { ++runs; });
    cancelled = executor.cancel(next);
  });
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(runs, 0);
}

TEST(InlineExecutor, RefusesADrainInsideAJob) {
  InlineExecutor executor;
  const SourceLocation where = SourceLocation::current();
  std::string text;
  executor.submit(
      {.name = "send"},
      [&] {
        try {
          executor.simulation().drain();
        } catch (const MisuseError& e) {
          text = e.what();
        }
      },
      where);
  EXPECT_EQ(text, "drydock: drain() was called inside job 'send' (#1, submitted at " +
                      where.to_string() +
                      "). A job that drains would run other jobs in its own middle, which no "
                      "executor in production does. Submit what has to run after it, and call "
                      "drain() from the test body.");
}

TEST(InlineExecutor, RunsAfterTheDeferredJobThatSubmitsToIt) {
  Simulation simulation;
  DeferredExecutor deferred(simulation, "deferred");
  InlineExecutor immediate(simulation, "inline");
  std::vector<std::string> log;
  deferred.submit([&] {
    immediate.submit([&] { log.push_back("inline"); });
    log.push_back("first");
  });
  deferred.submit([&] { log.push_back("second"); });
  const DrainReport report = deferred.drain();
  EXPECT_THAT(log, ElementsAre("first", "inline", "second"));
  EXPECT_THAT(report.runs,
              ElementsAre(Field(&JobRun::executor, "deferred"), Field(&JobRun::executor, "inline"),
                          Field(&JobRun::executor, "deferred")));
}

TEST(InlineExecutor, HasNoLimitOfGenerationsInsideADrain) {
  Simulation simulation;
  DeferredExecutor deferred(simulation);
  InlineExecutor immediate(simulation);
  int left = 5'000;
  struct Next {
    InlineExecutor& executor;
    int& left;
    void operator()() const {
      if (--left > 0) executor.submit({.name = "next"}, *this);
    }
  };
  deferred.submit(Next{immediate, left});
  EXPECT_TRUE(simulation.drain().status().ok());
  EXPECT_EQ(left, 0);
}

// A strand, without the executor that makes them.
class StrandExecutor : public Executor {
 public:
  explicit StrandExecutor(Executor& base) : Executor(ids_of(base)), base_(base) {}

 protected:
  void do_submit(SubmittedJob job) override {
    job.set_strand(this);
    forward(base_, std::move(job));
  }

 private:
  Executor& base_;
};

TEST(InlineExecutor, NeverRunsTwoJobsOfAStrandAtTheSameTime) {
  InlineExecutor executor;
  StrandExecutor strand(executor);
  int runs = 0;  // unguarded: the strand is what guards it
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) strand.submit([&] { ++runs; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runs, 2'000);
  EXPECT_THAT(executor.simulation().pending(), IsEmpty());
}

TEST(InlineExecutor, DoesNotStrandAJobBehindADelayedOneOfAnotherThread) {
  InlineExecutor executor;
  StrandExecutor strand(executor);
  std::vector<std::string> log;
  std::thread([&] {
    strand.submit({.delay = absl::Seconds(1)}, [&] { log.push_back("delayed"); });
  }).join();
  strand.submit([&] { log.push_back("at once"); });
  EXPECT_THAT(log, ElementsAre("at once"));
  executor.simulation().advance_by(absl::Seconds(1));
  EXPECT_THAT(log, ElementsAre("at once", "delayed"));
}

}  // namespace
}  // namespace drydock
