// Delays and periods of a pool that goes by a clock which it was given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/clock.h"
#include "drydock/deferred_executor.h"
#include "drydock/serial_executor.h"
#include "drydock/simulation.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/wait_idle.h"
#include "tests/job_gate.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

class ThreadPoolClockTest : public ::testing::Test {
 protected:
  ThreadPoolOptions options(int threads) {
    return {.threads = threads,
            .name = "pool",
            .on_failure = [this](const JobFailure& failure) { log_.add(failure.to_string()); },
            .clock = &simulation_.clock()};
  }

  Simulation simulation_;
  Log log_;
};

// As in the banner of drydock/thread_pool_executor.h.
TEST(ThreadPoolClock, DelayedJobIsDueWhenTheClockHasBeenMoved) {
  std::atomic<bool> reminded{false};
  drydock::Simulation simulation;
  drydock::ThreadPoolExecutor pool({.threads = 2, .clock = &simulation.clock()});
  pool.submit({.name = "remind", .delay = absl::Hours(24)}, [&] { reminded = true; });
  simulation.advance_by(absl::Hours(24) - absl::Nanoseconds(1));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_FALSE(reminded);
  simulation.advance_by(absl::Nanoseconds(1));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_TRUE(reminded);
}

TEST_F(ThreadPoolClockTest, JobSeesTheTimeThatTheClockShows) {
  ThreadPoolExecutor pool(options(1));
  absl::Time seen;
  pool.submit({.delay = absl::Hours(2)}, [&] { seen = simulation_.clock().now(); });
  const absl::Time due = simulation_.clock().now() + absl::Hours(2);
  simulation_.advance_by(absl::Hours(2));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(seen, due);
}

TEST_F(ThreadPoolClockTest, TheNextDueTimeIsThatOfTheSimulationsOwnJobs) {
  ThreadPoolExecutor pool(options(1));
  DeferredExecutor deferred(simulation_);
  pool.submit({.delay = absl::Hours(1)}, [&] { log_.add("pool"); });
  deferred.submit({.delay = absl::Hours(2)}, [&] { log_.add("deferred"); });
  const absl::Time start = simulation_.clock().now();
  simulation_.advance_to_next();
  EXPECT_EQ(simulation_.clock().now(), start + absl::Hours(2));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_THAT(log_.entries(), ElementsAre("deferred", "pool"));
  simulation_.advance_to_next();
  EXPECT_EQ(simulation_.clock().now(), start + absl::Hours(2));
}

TEST_F(ThreadPoolClockTest, OneAdvanceRunsWhatIsDueEarliestFirst) {
  ThreadPoolExecutor pool(options(1));
  pool.submit({.delay = absl::Hours(3)}, [&] { log_.add("3"); });
  pool.submit({.delay = absl::Hours(1)}, [&] { log_.add("1"); });
  pool.submit({.delay = absl::Hours(5)}, [&] { log_.add("5"); });
  pool.submit({.delay = absl::Hours(2)}, [&] { log_.add("2"); });
  Gate gate(pool);
  simulation_.advance_by(absl::Hours(4));
  gate.open();
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_THAT(log_.entries(), ElementsAre("1", "2", "3"));
}

TEST_F(ThreadPoolClockTest, RecurringJobRunsOnceForEachPeriodThatHasPassed) {
  ThreadPoolExecutor pool(options(2));
  std::atomic<int> runs{0};
  const JobId id = pool.submit_every({}, absl::Hours(1), [&] { ++runs; });
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(runs, 0);
  simulation_.advance_by(absl::Hours(10) + absl::Minutes(59));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(runs, 10);
  simulation_.advance_by(absl::Minutes(1));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(runs, 11);
  EXPECT_TRUE(pool.cancel(id));
  simulation_.advance_by(absl::Hours(10));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(runs, 11);
}

TEST_F(ThreadPoolClockTest, StrandOnThePoolFollowsTheClockToo) {
  ThreadPoolExecutor pool(options(2));
  SerialExecutor strand(pool, "strand");
  int runs = 0;
  strand.submit({.delay = absl::Hours(1)}, [&] { ++runs; });
  strand.submit_every({}, absl::Hours(1), [&] { ++runs; });
  simulation_.advance_by(absl::Hours(2));
  EXPECT_TRUE(wait_idle({&strand, &pool}, kLong).ok());
  EXPECT_EQ(runs, 3);
}

TEST_F(ThreadPoolClockTest, JobOfASimulationAndOneOfThePoolAreDueTogether) {
  ThreadPoolExecutor pool(options(1));
  DeferredExecutor deferred(simulation_, "deferred");
  std::atomic<int> runs{0};
  pool.submit({.delay = absl::Hours(1)}, [&] { ++runs; });
  deferred.submit({.delay = absl::Hours(1)}, [&] {
    EXPECT_TRUE(pool.wait_idle(kLong).ok());
    EXPECT_EQ(runs, 1);
    ++runs;
  });
  simulation_.advance_by(absl::Hours(1));
  EXPECT_EQ(runs, 2);
}

TEST_F(ThreadPoolClockTest, CancelTakesAJobBackWhoseTimeHasNotCome) {
  ThreadPoolExecutor pool(options(1));
  const JobId id = pool.submit({.delay = absl::Hours(1)}, [&] { log_.add("ran"); });
  EXPECT_TRUE(pool.cancel(id));
  simulation_.advance_by(absl::Hours(2));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_THAT(log_.entries(), IsEmpty());
}

TEST_F(ThreadPoolClockTest, ShutdownDropsWhatTheClockHasNotReached) {
  ThreadPoolExecutor pool(options(1));
  pool.submit(
      {.name = "remind", .delay = absl::Hours(1)}, [] {}, kSite);
  pool.shutdown();
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'pool' dropped job 'remind' (#1, submitted at " + kAt +
                          "): its delay had not passed when the executor was shut down"));
}

TEST_F(ThreadPoolClockTest, ListSaysWhenAJobIsDueByTheClock) {
  ThreadPoolExecutor pool(options(1));
  Gate gate(pool, "slow", kSite);
  pool.submit(
      {.name = "remind", .delay = absl::Hours(3)}, [] {}, kSite);
  simulation_.advance_by(absl::Hours(1));
  const absl::Status status = pool.wait_idle(absl::ZeroDuration());
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  std::string text(status.message());
  EXPECT_NE(text.find("due in 2h"), std::string::npos) << text;
  EXPECT_EQ(without_times(text),
            "drydock: executor 'pool' is not idle after T: 1 job runs and 1 waits:"
            "\n  running for T on thread 'pool-1': 'slow' (#1, submitted at " +
                kAt +
                ")"
                "\n  waiting for its delay, due in T: 'remind' (#2, submitted at " +
                kAt + ")");
}

TEST_F(ThreadPoolClockTest, NothingIsLostWhileOtherThreadsSubmit) {
  constexpr int kThreads = 4;
  constexpr int kJobs = 500;
  ThreadPoolExecutor pool(options(2));
  std::atomic<int> runs{0};
  std::latch submitted(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int job = 0; job < kJobs; ++job) {
        pool.submit({.delay = absl::Minutes(1 + job % 7)}, [&] { ++runs; });
      }
      submitted.count_down();
    });
  }
  while (!submitted.try_wait()) simulation_.advance_by(absl::Minutes(1));
  for (std::thread& thread : threads) thread.join();
  simulation_.advance_by(absl::Minutes(7));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(runs, kThreads * kJobs);
}

TEST(ThreadPoolClock, MachinesClockIsRealTime) {
  ThreadPoolExecutor pool({.threads = 1, .clock = &RealClock::instance()});
  std::atomic<bool> ran{false};
  pool.submit({.delay = absl::Milliseconds(1)}, [&] { ran = true; });
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_TRUE(ran);
}

// One that somebody has written who knows of no listeners.
class ShiftedClock final : public Clock {
 public:
  absl::Time now() const override { return RealClock::instance().now() - absl::Hours(100); }
};

TEST(ThreadPoolClock, ClockThatRunsByItselfIsWaitedFor) {
  ShiftedClock clock;
  ThreadPoolExecutor pool({.threads = 1, .clock = &clock});
  std::latch ran(3);
  const JobId id = pool.submit_every({}, absl::Milliseconds(1), [&] {
    if (!ran.try_wait()) ran.count_down();
  });
  std::atomic<bool> delayed{false};
  pool.submit({.delay = absl::Milliseconds(1)}, [&] { delayed = true; });
  ran.wait();
  EXPECT_TRUE(pool.cancel(id));
  EXPECT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_TRUE(delayed);
}

}  // namespace
}  // namespace drydock
