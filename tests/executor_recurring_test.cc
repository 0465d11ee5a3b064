// What recurring jobs do on every executor, drydock's own and the adapters alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "tests/executor_promises.h"
#include "tests/executor_subjects.h"
#include "tests/job_gate.h"
#include "tests/witness.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kThreads = 4;

const ContextSlot<std::string> request("request");

template <class Subject>
class ExecutorRecurringTest : public ::testing::Test {};
TYPED_TEST_SUITE(ExecutorRecurringTest, ExecutorSubjects, ExecutorSubjectName);

// Runs three times, then cancels itself. Application code sees an `Executor&` and nothing else.
class ThreeTicks {
 public:
  explicit ThreeTicks(Executor& executor) : executor_(executor) {}

  void start(JobOptions options, std::function<void()> each_time) {
    executor_.submit_every(std::move(options), absl::Milliseconds(1),
                           [this, each = std::move(each_time), witness = Witness(destroyed)] {
                             if (++runs == 3) {
                               EXPECT_TRUE(executor_.cancel(current_job()->id()));
                               done_.count_down();
                             }
                             each();
                           });
  }
  // Returns when the last run has begun; for executors in real time.
  void wait() { done_.wait(); }

  std::atomic<int> runs{0};
  std::atomic<int> destroyed{0};

 private:
  Executor& executor_;
  std::latch done_{1};
};

TYPED_TEST(ExecutorRecurringTest, ARecurringJobRunsUntilItCancelsItself) {
  TypeParam subject(kThreads);
  ThreeTicks ticks(subject.executor());
  Log log;
  {
    const ScopedContext<std::string> scope(request, "r-17");
    ticks.start({.name = "tick"}, [&log] {
      log.add(current_job()->name() + " of " + std::to_string(current_job()->generation()) + ", " +
              (request.get() == nullptr ? "none" : *request.get()));
    });
  }
  subject.settle();
  if (TypeParam::kPromises.real_time) ticks.wait();
  subject.settle();
  EXPECT_EQ(ticks.runs, 3);
  EXPECT_EQ(ticks.destroyed, 1);
  EXPECT_THAT(log.entries(), ElementsAre("tick of 0, r-17", "tick of 0, r-17", "tick of 0, r-17"));
}

TYPED_TEST(ExecutorRecurringTest, ARecurringJobThatFailsIsReportedAndGoesOn) {
  TypeParam subject(kThreads);
  ThreeTicks ticks(subject.executor());
  ticks.start({.name = "tick"}, [] { throw std::runtime_error("no such host"); });
  subject.settle();
  if (TypeParam::kPromises.real_time) ticks.wait();
  subject.settle();
  EXPECT_EQ(ticks.runs, 3);
  const std::string failure = "tick: std::runtime_error: no such host";
  EXPECT_THAT(subject.failures(), ElementsAre(failure, failure, failure));
}

TYPED_TEST(ExecutorRecurringTest, ARecurringJobThatWaitsIsCancelledExactly) {
  std::atomic<int> destroyed{0};
  TypeParam subject(kThreads);
  const JobId id = subject.executor().submit_every({.name = "tick"}, absl::Hours(1),
                                                   [witness = Witness(destroyed)] { FAIL(); });
  EXPECT_TRUE(subject.executor().cancel(id));
  EXPECT_EQ(destroyed, 1);
  EXPECT_FALSE(subject.executor().cancel(id));
  subject.settle();
}

TYPED_TEST(ExecutorRecurringTest, NobodyWaitsForARecurringJobThatIsNotDue) {
  if constexpr (TypeParam::kPromises.threads) {
    TypeParam subject(kThreads);
    const JobId id = subject.executor().submit_every({}, absl::Hours(1), [] { FAIL(); });
    EXPECT_EQ(subject.wait_idle(absl::Hours(2)), absl::OkStatus());
    EXPECT_TRUE(subject.executor().cancel(id));
  }
}

TYPED_TEST(ExecutorRecurringTest, ShutdownEndsRecurringJobsWithoutAReport) {
  if constexpr (TypeParam::kPromises.shutdown) {
    std::atomic<int> destroyed{0};
    std::atomic<int> runs{0};
    TypeParam subject(kThreads);
    subject.executor().submit_every({}, absl::Hours(1), [witness = Witness(destroyed)] { FAIL(); });
    subject.executor().submit_every({}, absl::Nanoseconds(1),
                                    [&, witness = Witness(destroyed)] { runs.fetch_add(1); });
    while (runs < 10) std::this_thread::yield();
    subject.shutdown();
    const int runs_before = runs;
    EXPECT_EQ(destroyed, 2);
    EXPECT_THAT(subject.failures(), IsEmpty());
    EXPECT_EQ(runs, runs_before);
  }
}

}  // namespace
}  // namespace drydock
