// What every executor does, drydock's own and the adapters alike; and what only some promise, where
// their row in executor_promises.h says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "drydock/executor_errors.h"
#include "tests/executor_promises.h"
#include "tests/executor_subjects.h"
#include "tests/job_gate.h"
#include "tests/witness.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kThreads = 4;
using Order = ExecutorPromises::Order;

const SourceLocation kSite = SourceLocation::current();

const ContextSlot<std::string> request("request");

template <class Subject>
class ExecutorConformanceTest : public ::testing::Test {
 protected:
  static constexpr ExecutorPromises kPromises = Subject::kPromises;
};

TYPED_TEST_SUITE(ExecutorConformanceTest, ExecutorSubjects, ExecutorSubjectName);

// --- running --------------------------------------------------------------------------------

TYPED_TEST(ExecutorConformanceTest, RunsEachJobOnceAndDestroysItsClosureOnce) {
  constexpr int kJobs = 200;
  std::atomic<int> runs{0};
  std::atomic<int> destroyed{0};
  TypeParam subject(kThreads);
  for (int i = 0; i < kJobs; ++i) {
    subject.executor().submit([&runs, witness = Witness(destroyed)] { runs.fetch_add(1); });
  }
  subject.settle();
  EXPECT_EQ(runs, kJobs);
  EXPECT_EQ(destroyed, kJobs);
  EXPECT_THAT(subject.failures(), IsEmpty());
}

TYPED_TEST(ExecutorConformanceTest, IdsRiseInTheOrderOfSubmits) {
  TypeParam subject(kThreads);
  const JobId first = subject.executor().submit([] {});
  const JobId second = subject.executor().submit({.name = "named"}, [] {});
  EXPECT_TRUE(first);
  EXPECT_LT(first, second);
  subject.settle();
}

TYPED_TEST(ExecutorConformanceTest, WithOneThreadJobsRunInTheOrderOfTheirSubmits) {
  TypeParam subject(1);
  std::vector<int> order;
  for (int i = 0; i < 500; ++i) {
    subject.executor().submit([&order, i] { order.push_back(i); });
  }
  subject.settle();
  std::vector<int> expected(500);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TYPED_TEST(ExecutorConformanceTest, WhereOneAtATimeIsPromisedSeveralThreadsKeepIt) {
  if constexpr (TypeParam::kPromises.order == Order::kOneAtATime) {
    TypeParam subject(kThreads);
    std::vector<int> order;  // no lock: that is the promise
    for (int i = 0; i < 500; ++i) {
      subject.executor().submit([&order, i] { order.push_back(i); });
    }
    subject.settle();
    std::vector<int> expected(500);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
  }
}

TYPED_TEST(ExecutorConformanceTest, WhereItIsNotJobsRunSideBySide) {
  if constexpr (TypeParam::kPromises.order != Order::kOneAtATime) {
    TypeParam subject(2);
    std::latch both(2);
    subject.executor().submit([&] { both.arrive_and_wait(); });
    subject.executor().submit([&] { both.arrive_and_wait(); });
    both.wait();
    subject.settle();
  }
}

TYPED_TEST(ExecutorConformanceTest, EachJobOfALongChainSubmitsTheNext) {
  TypeParam subject(kThreads);
  std::atomic<int> left{900};  // a drain allows 1,000 generations
  struct Step {
    Executor& executor;
    std::atomic<int>& left;
    void operator()() const {
      if (left.fetch_sub(1) > 1) executor.submit(Step{executor, left});
    }
  };
  subject.executor().submit(Step{subject.executor(), left});
  subject.settle();
  EXPECT_EQ(left, 0);
}

TYPED_TEST(ExecutorConformanceTest, EightThreadsSubmitAtATime) {
  constexpr int kSubmitters = 8;
  constexpr int kJobsEach = 2000;
  std::atomic<int> runs{0};
  std::atomic<int> destroyed{0};
  TypeParam subject(kThreads);
  {
    std::latch start(kSubmitters);
    std::vector<std::jthread> submitters;
    for (int t = 0; t < kSubmitters; ++t) {
      submitters.emplace_back([&] {
        start.arrive_and_wait();
        for (int i = 0; i < kJobsEach; ++i) {
          subject.executor().submit([&runs, witness = Witness(destroyed)] { runs.fetch_add(1); });
        }
      });
    }
  }
  subject.settle();
  EXPECT_EQ(runs, kSubmitters * kJobsEach);
  EXPECT_EQ(destroyed, kSubmitters * kJobsEach);
}

// --- failing --------------------------------------------------------------------------------

TYPED_TEST(ExecutorConformanceTest, AnExceptionReachesNeitherTheSubmitterNorOtherJobs) {
  TypeParam subject(kThreads);
  std::atomic<int> runs{0};
  EXPECT_NO_THROW(subject.executor().submit({.name = "send"},
                                            [] { throw std::runtime_error("no such host"); }));
  subject.executor().submit([&] { runs.fetch_add(1); });
  subject.settle();
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(subject.failures(), ElementsAre("send: std::runtime_error: no such host"));
}

TYPED_TEST(ExecutorConformanceTest, AnEmptyJobIsRefusedWithThePlaceOfTheSubmit) {
  TypeParam subject(kThreads);
  try {
    subject.executor().submit(Job(), kSite);
    FAIL() << "it was taken";
  } catch (const std::invalid_argument& e) {
    EXPECT_EQ(std::string(e.what()), "drydock: submit() at " + kSite.to_string() +
                                         " was given an empty job. Pass a callable that takes no "
                                         "arguments.");
  }
}

// --- delays ---------------------------------------------------------------------------------

TYPED_TEST(ExecutorConformanceTest, ADelayedJobDoesNotRunBeforeItIsDue) {
  TypeParam subject(kThreads);
  const auto start = std::chrono::steady_clock::now();
  std::atomic<bool> ran{false};
  std::chrono::steady_clock::time_point at;
  subject.executor().submit({.delay = absl::Milliseconds(20)}, [&] {
    at = std::chrono::steady_clock::now();
    ran = true;
  });
  if (!TypeParam::kPromises.real_time) {
    EXPECT_FALSE(ran);
  }
  subject.settle();
  ASSERT_TRUE(ran);
  if (TypeParam::kPromises.real_time) {
    EXPECT_GE(at - start, std::chrono::milliseconds(20));
  }
}

TYPED_TEST(ExecutorConformanceTest, ADelayOfLessThanZeroIsNone) {
  TypeParam subject(kThreads);
  std::atomic<bool> ran{false};
  subject.executor().submit({.delay = -absl::Hours(1)}, [&] { ran = true; });
  subject.settle();
  EXPECT_TRUE(ran);
}

// --- context --------------------------------------------------------------------------------

TYPED_TEST(ExecutorConformanceTest, AJobSeesTheContextOfItsSubmitAlsoThroughOtherJobsAndDelays) {
  TypeParam subject(kThreads);
  Log log;
  const auto note = [&log](const std::string& who) {
    log.add(who + ": " + (request.get() == nullptr ? "none" : *request.get()));
  };
  {
    const ScopedContext<std::string> scope(request, "r-17");
    subject.executor().submit([&] {
      subject.executor().submit({.delay = absl::Milliseconds(1)}, [&] { note("inner"); });
    });
  }
  subject.settle();
  subject.executor().submit([&] { note("outer"); });
  subject.settle();
  EXPECT_THAT(log.entries(), ElementsAre("inner: r-17", "outer: none"));
}

TYPED_TEST(ExecutorConformanceTest, AJobKnowsItselfAndItsParents) {
  TypeParam subject(kThreads);
  Log log;
  subject.executor().submit({.name = "outer"}, [&] {
    subject.executor().submit(
        {.name = "inner"},
        [&] {
          log.add(current_job()->name() + " at " + current_job()->where().to_string() + " of " +
                  current_job()->ancestors().at(0).name);
        },
        kSite);
  });
  subject.settle();
  EXPECT_THAT(log.entries(), ElementsAre("inner at " + kSite.to_string() + " of outer"));
  EXPECT_FALSE(current_job().has_value());
}

TYPED_TEST(ExecutorConformanceTest, AClosureIsDestroyedWithinItsJob) {
  TypeParam subject(kThreads);
  Log log;
  std::shared_ptr<void> owned(nullptr, [&log](void*) { log.add(current_job()->name()); });
  subject.executor().submit({.name = "owner"}, [owned = std::move(owned)] {});
  subject.settle();
  EXPECT_THAT(log.entries(), ElementsAre("owner"));
}

// --- taking back ----------------------------------------------------------------------------

TYPED_TEST(ExecutorConformanceTest, ADelayedJobThatIsCancelledIsDestroyedAtOnce) {
  std::atomic<int> destroyed{0};
  std::atomic<bool> ran{false};
  TypeParam subject(kThreads);
  const JobId id = subject.executor().submit({.delay = absl::Seconds(1)},
                                             [&ran, witness = Witness(destroyed)] { ran = true; });
  EXPECT_TRUE(subject.executor().cancel(id));
  EXPECT_EQ(destroyed, 1);
  EXPECT_FALSE(subject.executor().cancel(id));
  subject.settle();
  EXPECT_FALSE(ran);
  EXPECT_EQ(destroyed, 1);
}

TYPED_TEST(ExecutorConformanceTest, SoIsOneThatWaitsForItsTurn) {
  std::atomic<int> destroyed{0};
  std::atomic<int> destroyed_when_cancelled{0};
  std::atomic<bool> cancelled{false};
  std::atomic<bool> ran{false};
  TypeParam subject(1);
  subject.executor().submit([&] {
    const JobId id =
        subject.executor().submit([&ran, witness = Witness(destroyed)] { ran = true; });
    cancelled = subject.executor().cancel(id);
    destroyed_when_cancelled = destroyed.load();
  });
  subject.settle();
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(destroyed_when_cancelled, 1);
  EXPECT_FALSE(ran);
  EXPECT_EQ(destroyed, 1);
}

TYPED_TEST(ExecutorConformanceTest, AJobThatRunsOrHasRunCannotBeCancelled) {
  TypeParam subject(kThreads);
  std::atomic<bool> cancelled{false};
  const JobId id = subject.executor().submit(
      [&] { cancelled = subject.executor().cancel(current_job()->id()); });
  subject.settle();
  EXPECT_FALSE(cancelled);
  EXPECT_FALSE(subject.executor().cancel(id));
  EXPECT_FALSE(subject.executor().cancel(JobId(1'000'000)));
}

// --- waiting --------------------------------------------------------------------------------

TYPED_TEST(ExecutorConformanceTest, WaitIdleWaitsForWhatJobsSubmit) {
  if constexpr (TypeParam::kPromises.threads) {
    TypeParam subject(kThreads);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> runs{0};
      subject.executor().submit([&] {
        subject.executor().submit([&] { runs.fetch_add(1); });
        runs.fetch_add(1);
      });
      ASSERT_EQ(subject.wait_idle(kSettled), absl::OkStatus());
      ASSERT_EQ(runs, 2);
    }
  }
}

TYPED_TEST(ExecutorConformanceTest, WaitIdleNamesTheJobThatKeepsIt) {
  if constexpr (TypeParam::kPromises.threads) {
    TypeParam subject(kThreads);
    Gate gate(subject.executor(), "long_one", kSite);
    const absl::Status status = subject.wait_idle(absl::Milliseconds(1));
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_THAT(std::string(status.message()), HasSubstr("1 job runs and 0 wait:\n  running for "));
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("'long_one' (#1, submitted at " + kSite.to_string() + ")"));
    gate.open();
    EXPECT_EQ(subject.wait_idle(kSettled), absl::OkStatus());
  }
}

TYPED_TEST(ExecutorConformanceTest, WaitIdleFromAnOwnJobIsRefused) {
  if constexpr (TypeParam::kPromises.threads) {
    TypeParam subject(kThreads);
    absl::Status status;
    subject.executor().submit([&] { status = subject.wait_idle(kSettled); });
    subject.settle();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  }
}

// --- ending ---------------------------------------------------------------------------------

TYPED_TEST(ExecutorConformanceTest, ShutdownRunsWhatIsQueuedAndRefusesWhatComesAfter) {
  if constexpr (TypeParam::kPromises.shutdown) {
    std::atomic<int> runs{0};
    std::atomic<int> destroyed{0};
    TypeParam subject(kThreads);
    for (int i = 0; i < 100; ++i) {
      subject.executor().submit([&] {
        subject.executor().submit([&runs, witness = Witness(destroyed)] { runs.fetch_add(1); });
      });
    }
    subject.shutdown();
    EXPECT_EQ(runs, 100);
    EXPECT_THROW(subject.executor().submit([witness = Witness(destroyed)] {}),
                 ExecutorShutDownError);
    EXPECT_EQ(destroyed, 101);
    EXPECT_THAT(subject.failures(), IsEmpty());
  }
}

TYPED_TEST(ExecutorConformanceTest, ShutdownDropsWhatIsNotDueAndSaysSo) {
  if constexpr (TypeParam::kPromises.shutdown) {
    std::atomic<int> destroyed{0};
    TypeParam subject(kThreads);
    subject.executor().submit({.name = "remind", .delay = absl::Hours(1)},
                              [witness = Witness(destroyed)] {});
    subject.shutdown();
    EXPECT_EQ(destroyed, 1);
    EXPECT_THAT(subject.failures(),
                ElementsAre("remind: drydock::JobDroppedError: its delay had not passed when the "
                            "executor was shut down"));
  }
}

TYPED_TEST(ExecutorConformanceTest, EachClosureIsDestroyedOnceWhereTheExecutorIsDestroyedFirst) {
  std::atomic<int> destroyed{0};
  {
    TypeParam subject(2);
    for (int i = 0; i < 100; ++i) {
      subject.executor().submit(
          [&, witness = Witness(destroyed)]() mutable { std::this_thread::yield(); });
      subject.executor().submit({.delay = absl::Hours(1)}, [witness = Witness(destroyed)] {});
    }
  }
  EXPECT_EQ(destroyed, 200);
}

}  // namespace
}  // namespace drydock
