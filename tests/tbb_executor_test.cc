// What is particular to jobs in an arena of oneTBB's. What all adapters do is in
// executor_conformance_test.cc and function_executor_test.cc.
#include "drydock/tbb_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor_errors.h"
#include "tests/job_gate.h"

namespace drydock {
namespace {

namespace tbb = oneapi::tbb;
using ::testing::ElementsAre;

constexpr absl::Duration kLong = absl::Seconds(60);
constexpr int kThreads = 2;
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

class TbbExecutorTest : public ::testing::Test {
 protected:
  AdapterOptions options() {
    return {.name = "render",
            .on_failure = [this](const JobFailure& failure) { log_.add(failure.to_string()); }};
  }

  // As a task of the program's own.
  template <class Body>
  void enqueue(Body body) {
    const std::lock_guard<std::mutex> lock(mutex_);
    arena_->enqueue([body] {
      { const std::lock_guard<std::mutex> handed_over(mutex_); }
      body();
    });
  }

  // For ThreadSanitizer, which does not see that oneTBB orders what its threads do: they have been
  // there before the fixture.
  static inline std::mutex mutex_;
  // By itself oneTBB starts one thread less than the machine has processors.
  const tbb::global_control limit_{tbb::global_control::max_allowed_parallelism, kThreads + 1};
  Log log_;
  std::optional<tbb::task_arena> arena_{std::in_place, kThreads, 0};
};

TEST_F(TbbExecutorTest, TheNameHasADefault) {
  EXPECT_EQ(TbbExecutor(*arena_).name(), "tbb");
  EXPECT_EQ(TbbExecutor(*arena_, options()).name(), "render");
}

TEST_F(TbbExecutorTest, JobsRunWithinTheArena) {
  TbbExecutor executor(*arena_, options());
  int concurrency = 0;
  int index = tbb::task_arena::not_initialized;
  executor.submit([&] {
    concurrency = tbb::this_task_arena::max_concurrency();
    index = tbb::this_task_arena::current_thread_index();
  });
  EXPECT_EQ(executor.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(concurrency, kThreads);
  EXPECT_GE(index, 0);
  EXPECT_LT(index, kThreads);
}

TEST_F(TbbExecutorTest, ATaskGroupOfAJobRunsInItsArena) {
  TbbExecutor executor(*arena_, options());
  int sum = 0;
  int outside = 0;
  executor.submit([&] {
    tbb::task_group group;
    for (int i = 1; i <= 1'000; ++i) {
      const std::lock_guard<std::mutex> lock(mutex_);
      group.run([&sum, &outside, i] {
        const std::lock_guard<std::mutex> handed_over(mutex_);
        if (tbb::this_task_arena::max_concurrency() != kThreads) ++outside;
        sum += i;
      });
    }
    group.wait();
  });
  EXPECT_EQ(executor.wait_idle(kLong), absl::OkStatus());
  const std::lock_guard<std::mutex> lock(mutex_);
  EXPECT_EQ(outside, 0);
  EXPECT_EQ(sum, 500'500);
}

TEST_F(TbbExecutorTest, AnExceptionOfAParallelLoopIsTheFailureOfItsJob) {
  TbbExecutor executor(*arena_, options());
  executor.submit(
      {.name = "draw"},
      [] { tbb::parallel_for(0, 1, [](int) { throw std::runtime_error("no pen"); }); }, kSite);
  std::atomic<bool> next{false};
  executor.submit([&] { next = true; });
  EXPECT_EQ(executor.wait_idle(kLong), absl::OkStatus());
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'render': job 'draw' (#1, submitted at " + kAt +
                          ") failed: std::runtime_error: no pen"));
  EXPECT_TRUE(next);
}

TEST_F(TbbExecutorTest, ATaskGroupOfAJobThatIsCancelledLeavesOtherJobsAlone) {
  TbbExecutor executor(*arena_, options());
  tbb::task_group_status status = tbb::not_complete;
  std::atomic<int> runs{0};
  executor.submit([&] {
    tbb::task_group group;
    group.cancel();
    status = group.wait();
    executor.submit([&] { runs.fetch_add(1); });
  });
  executor.submit([&] { runs.fetch_add(1); });
  EXPECT_EQ(executor.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(status, tbb::canceled);
  EXPECT_EQ(runs, 2);
}

TEST_F(TbbExecutorTest, TasksOfTheProgramsOwnRunBesideTheJobs) {
  TbbExecutor executor(*arena_, options());
  std::latch job_runs(1);
  std::latch task_runs(1);
  executor.submit([&] {
    job_runs.count_down();
    task_runs.wait();
  });
  enqueue([&] {
    job_runs.wait();
    task_runs.count_down();
  });
  EXPECT_EQ(executor.wait_idle(kLong), absl::OkStatus());
}

TEST_F(TbbExecutorTest, TwoExecutorsShareAnArena) {
  TbbExecutor one(*arena_, options());
  TbbExecutor two(*arena_, options());
  std::atomic<int> runs{0};
  for (int i = 0; i < 500; ++i) {
    one.submit([&] { two.submit([&] { runs.fetch_add(1); }); });
  }
  EXPECT_EQ(one.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(two.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(runs, 500);
}

// --- the end --------------------------------------------------------------------------------

TEST_F(TbbExecutorTest, WhereTheExecutorGoesFirstItsJobsAreDroppedAndTheArenaGoesOn) {
  std::latch running(kThreads);
  std::latch dropped(1);
  {
    TbbExecutor executor(*arena_, {.name = "render", .on_failure = [&](const JobFailure& failure) {
                                     log_.add(failure.to_string());
                                     dropped.count_down();
                                   }});
    for (int i = 0; i < kThreads; ++i) {
      executor.submit([&] {
        running.count_down();
        dropped.wait();
      });
    }
    running.wait();
    executor.submit(
        {.name = "draw"}, [owned = witness(log_, "closure destroyed")] {}, kSite);
  }
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'render' dropped job 'draw' (#3, submitted at " + kAt +
                              "): the executor was destroyed before it ran. Call shutdown() first, "
                              "which runs what is queued",
                          "closure destroyed"));
  // It still had a task for that job.
  std::latch ran(1);
  enqueue([&] { ran.count_down(); });
  ran.wait();
}

TEST_F(TbbExecutorTest, OnceItIsShutDownTheArenaMayGoFirst) {
  TbbExecutor executor(*arena_, options());
  std::atomic<int> runs{0};
  for (int i = 0; i < 100; ++i) executor.submit([&] { runs.fetch_add(1); });
  executor.shutdown();
  EXPECT_EQ(runs, 100);
  arena_.reset();
  EXPECT_THROW(executor.submit([] {}), ExecutorShutDownError);
  EXPECT_EQ(executor.wait_idle(absl::ZeroDuration()), absl::OkStatus());
}

TEST_F(TbbExecutorTest, OneTbbItselfMayBeEndedThen) {
  tbb::task_scheduler_handle scheduler{tbb::attach()};
  TbbExecutor executor(*arena_, options());
  std::atomic<bool> ran{false};
  executor.submit([&] { ran = true; });
  executor.shutdown();
  arena_.reset();
  EXPECT_TRUE(tbb::finalize(scheduler, std::nothrow));
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace drydock
