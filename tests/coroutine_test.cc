#include "drydock/coroutine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <coroutine>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "drydock/executor_errors.h"
#include "drydock/function_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/misuse_error.h"
#include "drydock/thread_pool_executor.h"
#include "tests/stepping_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

static_assert(!std::is_copy_constructible_v<Task<int>>);
static_assert(std::is_nothrow_move_constructible_v<Task<int>>);
static_assert(std::is_nothrow_move_assignable_v<Task<void>>);

std::vector<std::string> names_of(const std::vector<PendingJob>& jobs) {
  std::vector<std::string> names;
  for (const PendingJob& job : jobs) names.push_back(job.name);
  return names;
}

class CoroutineTest : public SteppingTest {};

// --- steps ----------------------------------------------------------------------------------

TEST_F(CoroutineTest, EachResumeIsAJobOfItsOwn) {
  const auto flow = [this]() -> Task<void> {
    note("one");
    co_await schedule(executor_, {.name = "second"});
    note("two");
    co_await schedule(executor_, {.name = "third"});
    note("three");
  };
  start(executor_, {.name = "first"}, flow());
  EXPECT_THAT(log_.entries(), IsEmpty());
  EXPECT_TRUE(executor_.run_one());
  EXPECT_THAT(log_.entries(), ElementsAre("one in first"));
  EXPECT_THAT(names_of(executor_.pending()), ElementsAre("second"));
  EXPECT_TRUE(executor_.run_one());
  EXPECT_TRUE(executor_.run_one());
  EXPECT_FALSE(executor_.run_one());
  EXPECT_THAT(log_.entries(), ElementsAre("one in first", "two in second", "three in third"));
}

TEST_F(CoroutineTest, DrainRunsAllOfIt) {
  const auto flow = [this]() -> Task<void> {
    for (int i = 0; i < 3; ++i) co_await schedule(executor_);
    log_.add("done");
  };
  start(executor_, flow());
  EXPECT_THAT(executor_.drain().runs, SizeIs(4));
  EXPECT_THAT(log_.entries(), ElementsAre("done"));
}

TEST_F(CoroutineTest, AJobIsNamedAfterTheLineOfItsCoAwait) {
  SourceLocation before;
  const auto flow = [&]() -> Task<void> {
    before = SourceLocation::current();
    co_await schedule(executor_);
  };
  const SourceLocation started = SourceLocation::current();
  start(executor_, flow());
  const std::string file = "coroutine_test.cc:";
  EXPECT_THAT(names_of(executor_.pending()),
              ElementsAre(file + std::to_string(started.line() + 1)));
  executor_.run_one();
  EXPECT_THAT(names_of(executor_.pending()), ElementsAre(file + std::to_string(before.line() + 1)));
  executor_.drain();
}

TEST_F(CoroutineTest, ANameMayBeMadeInPlace) {
  const auto flow = [this](int id) -> Task<void> {
    co_await schedule(executor_,
                      {.name = "a_name_too_long_to_be_kept_in_place_" + std::to_string(id)});
    note("two");
  };
  start(executor_, flow(17));
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("two in a_name_too_long_to_be_kept_in_place_17"));
}

TEST_F(CoroutineTest, DelaysPassWithTheSimulatedClock) {
  const auto flow = [this]() -> Task<void> {
    co_await schedule(executor_, {.name = "remind", .delay = absl::Hours(24)});
    note("reminded");
  };
  start(executor_, flow());
  executor_.drain();
  EXPECT_THAT(log_.entries(), IsEmpty());
  executor_.simulation().advance_by(absl::Hours(24));
  EXPECT_THAT(log_.entries(), ElementsAre("reminded in remind"));
}

TEST_F(CoroutineTest, ContextAndParentsFollow) {
  static const ContextSlot<std::string> request("request");
  const auto flow = [this]() -> Task<void> {
    co_await schedule(executor_, {.name = "second"});
    log_.add(*request.get() + " " + current_job()->name() + " of " +
             current_job()->ancestors().at(0).name);
  };
  {
    const ScopedContext<std::string> scope(request, "r-17");
    start(executor_, {.name = "first"}, flow());
  }
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("r-17 second of first"));
}

TEST_F(CoroutineTest, AnInlineExecutorRunsThePiecesOneAfterAnother) {
  InlineExecutor inline_executor;
  const auto flow = [&]() -> Task<void> {
    note("one");
    co_await schedule(inline_executor, {.name = "second"});
    note("two");
  };
  start(inline_executor, {.name = "first"}, flow());
  EXPECT_THAT(log_.entries(), ElementsAre("one in first", "two in second"));
}

TEST_F(CoroutineTest, AnExecutorMayResumeWithinTheSubmit) {
  FunctionExecutor nested([](Job job) { std::move(job)(); });
  const auto flow = [&]() -> Task<void> {
    for (int i = 0; i < 100; ++i) co_await schedule(nested, {.name = "nested"});
    note("done");
  };
  start(nested, {.name = "first"}, flow());
  EXPECT_THAT(log_.entries(), ElementsAre("done in nested"));
}

TEST_F(CoroutineTest, ASecondDeliveryDoesNotResumeASecondTime) {
  const auto flow = [this]() -> Task<void> {
    co_await schedule(executor_, {.name = "second"});
    note("two");
  };
  start(executor_, {.name = "first"}, flow());
  executor_.drain({.deliveries = 2});
  EXPECT_THAT(log_.entries(), ElementsAre("two in second"));
}

// --- results --------------------------------------------------------------------------------

TEST_F(CoroutineTest, ATaskBeginsWhenItIsAwaitedAndGivesItsValue) {
  const auto child = [this]() -> Task<std::unique_ptr<int>> {
    note("child begins");
    co_await schedule(executor_, {.name = "in_child"});
    note("child ends");
    co_return std::make_unique<int>(17);
  };
  const auto parent = [&]() -> Task<void> {
    Task<std::unique_ptr<int>> task = child();
    note("parent");
    const std::unique_ptr<int> value = co_await std::move(task);
    note("got " + std::to_string(*value));
  };
  start(executor_, {.name = "first"}, parent());
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("parent in first", "child begins in first",
                                          "child ends in in_child", "got 17 in in_child"));
}

TEST_F(CoroutineTest, AnExceptionOfATaskReachesTheOneWhoAwaitsIt) {
  const auto child = [this]() -> Task<int> {
    co_await schedule(executor_);
    throw std::runtime_error("no such host");
  };
  const auto parent = [&]() -> Task<void> {
    try {
      co_await child();
    } catch (const std::runtime_error& e) {
      log_.add(e.what());
    }
  };
  start(executor_, parent());
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("no such host"));
  EXPECT_THAT(executor_.simulation().take_failures(), IsEmpty());
}

TEST_F(CoroutineTest, OneThatLeavesTheStartedTaskIsTheFailureOfItsJob) {
  const auto flow = [this](std::shared_ptr<void>) -> Task<void> {
    co_await schedule(executor_, {.name = "send"}, kSite);
    throw std::runtime_error("no such host");
  };
  start(executor_, {.name = "first"}, flow(witness(log_, "destroyed")));
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("destroyed"));
  const std::vector<JobRun> failures = executor_.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].name, "send");
  EXPECT_EQ(failures[0].where, kSite);
  EXPECT_EQ(failures[0].error, "std::runtime_error: no such host");
}

// Something that is no executor: the test resumes what waits for it.
class Event {
 public:
  explicit Event(std::coroutine_handle<>& waiting) : waiting_(&waiting) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) { *waiting_ = coroutine; }
  void await_resume() const {}

 private:
  std::coroutine_handle<>* waiting_;
};

TEST_F(CoroutineTest, OneThatLeavesItOutsideAnyJobIsTheFailureOfAJobOfItsOwn) {
  std::coroutine_handle<> waiting;
  const auto flow = [&](std::shared_ptr<void>) -> Task<void> {
    co_await Event(waiting);
    throw std::runtime_error("no such host");
  };
  start(executor_, {.name = "listen"}, flow(witness(log_, "destroyed")), kSite);
  executor_.drain();
  waiting.resume();
  EXPECT_THAT(log_.entries(), ElementsAre("destroyed"));
  executor_.drain();
  const std::vector<JobRun> failures = executor_.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].name, "listen");
  EXPECT_EQ(failures[0].where, kSite);
  EXPECT_EQ(failures[0].error, "std::runtime_error: no such host");
}

TEST_F(CoroutineTest, WhereThatJobIsRefusedItIsALineOnStderr) {
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  std::coroutine_handle<> waiting;
  const auto flow = [&]() -> Task<void> {
    co_await Event(waiting);
    throw std::runtime_error("no such host");
  };
  start(pool, {.name = "listen"}, flow(), kSite);
  pool.shutdown();
  ::testing::internal::CaptureStderr();
  waiting.resume();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "drydock: the task that was started at " + kAt +
                " failed outside any job: std::runtime_error: no such host (and its executor "
                "refused a job to report it: drydock::ExecutorShutDownError: drydock: executor "
                "'pool' refused job 'listen' (#2, submitted at " +
                kAt +
                "): it was shut down. Stop those who submit before the executor, and declare it "
                "before them, so that it is destroyed after them.)\n");
}

TEST_F(CoroutineTest, ManyTasksThatEndAtOnceDoNotGrowTheStack) {
  const auto one = []() -> Task<int> { co_return 1; };
  const auto flow = [&]() -> Task<void> {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
    log_.add(std::to_string(sum));
  };
  start(executor_, flow());
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("1000000"));
}

// --- misuse ---------------------------------------------------------------------------------

TEST_F(CoroutineTest, ATaskIsAwaitedOnce) {
  const auto one = []() -> Task<int> { co_return 1; };
  const auto flow = [&]() -> Task<void> {
    Task<int> task = one();
    co_await std::move(task);
    try {
      co_await std::move(task);  // NOLINT(bugprone-use-after-move): the mistake
    } catch (const MisuseError& e) {
      log_.add(e.what());
    }
    const Task<int> moved = std::move(task);  // NOLINT(bugprone-use-after-move): nor this one
    try {
      co_await std::move(task);  // NOLINT(bugprone-use-after-move): the mistake
    } catch (const MisuseError& e) {
      log_.add(e.what());
    }
  };
  start(executor_, flow());
  executor_.drain();
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: co_await of a Task that was awaited before. A task runs once; "
                          "call the function that returns it again for another one.",
                          "drydock: co_await of a Task that was moved from, or given to start(). A "
                          "task runs once; call the function that returns it again for another "
                          "one."));
}

TEST_F(CoroutineTest, ATaskIsStartedOnce) {
  const auto flow = []() -> Task<void> { co_return; };
  Task<void> task = flow();
  start(executor_, std::move(task));
  try {
    start(executor_, std::move(task), kSite);  // NOLINT(bugprone-use-after-move): the mistake
    FAIL() << "it was taken";
  } catch (const MisuseError& e) {
    EXPECT_EQ(std::string(e.what()),
              "drydock: start() at " + kAt +
                  " was given a Task that was moved from. A task runs once; call the function that "
                  "returns it again for another one.");
  }
  executor_.drain();
}

// --- threads --------------------------------------------------------------------------------

TEST_F(CoroutineTest, CoroutinesGoBackAndForthBetweenPools) {
  constexpr int kCoroutines = 200;
  constexpr int kRounds = 50;
  ThreadPoolExecutor one({.threads = 3});
  ThreadPoolExecutor two({.threads = 2});
  std::atomic<int> sum{0};
  const auto hop = [&](int i) -> Task<int> {
    co_await schedule(i % 2 == 0 ? one : two);
    co_return 1;
  };
  const auto flow = [&]() -> Task<void> {
    int own = 0;
    for (int i = 0; i < kRounds; ++i) own += co_await hop(i);
    sum.fetch_add(own);
  };
  for (int i = 0; i < kCoroutines; ++i) start(one, flow());
  // A coroutine is always in one of the two.
  while (sum < kCoroutines * kRounds) {
    ASSERT_TRUE(one.wait_idle(kLong).ok());
    ASSERT_TRUE(two.wait_idle(kLong).ok());
  }
  EXPECT_EQ(sum, kCoroutines * kRounds);
}

}  // namespace
}  // namespace drydock
