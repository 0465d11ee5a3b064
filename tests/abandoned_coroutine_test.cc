// Coroutines that will not go on, of drydock's type and of others: nothing of them is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <coroutine>
#include <exception>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "drydock/coroutine.h"
#include "drydock/deferred_executor.h"
#include "drydock/executor_errors.h"
#include "drydock/function_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/stepping_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);

class AbandonedCoroutineTest : public SteppingTest {
 protected:
  Task<void> inner(Executor& executor, ScheduleOptions options) {
    const std::shared_ptr<void> owned = witness(log_, "inner destroyed");
    co_await schedule(executor, options);
    log_.add("resumed");
  }
  Task<void> outer(Executor& executor, ScheduleOptions options) {
    const std::shared_ptr<void> owned = witness(log_, "outer destroyed");
    co_await inner(executor, options);
    log_.add("resumed");
  }
};

TEST_F(AbandonedCoroutineTest, ATaskThatNobodyStartsIsDestroyedWithItsObject) {
  const auto flow = [](std::shared_ptr<void>) -> Task<void> { co_return; };
  { const Task<void> task = flow(witness(log_, "destroyed")); }
  EXPECT_THAT(log_.entries(), ElementsAre("destroyed"));
}

TEST_F(AbandonedCoroutineTest, AMoveAssignmentDestroysTheTaskThatWasThere) {
  const auto flow = [](std::shared_ptr<void>) -> Task<void> { co_return; };
  Task<void> task = flow(witness(log_, "first"));
  task = flow(witness(log_, "second"));
  EXPECT_THAT(log_.entries(), ElementsAre("first"));
}

TEST_F(AbandonedCoroutineTest, ACancelledJobDestroysTheWholeChain) {
  start(executor_, outer(executor_, {.name = "waits"}));
  executor_.run_one();
  EXPECT_THAT(log_.entries(), IsEmpty());
  EXPECT_TRUE(executor_.cancel(executor_.pending().at(0).id));
  EXPECT_THAT(log_.entries(), ElementsAre("inner destroyed", "outer destroyed"));
}

TEST_F(AbandonedCoroutineTest, SoDoesTheFirstJob) {
  const auto flow = [](std::shared_ptr<void>) -> Task<void> { co_return; };
  const JobId id = start(executor_, flow(witness(log_, "destroyed")));
  EXPECT_TRUE(executor_.cancel(id));
  EXPECT_THAT(log_.entries(), ElementsAre("destroyed"));
}

TEST_F(AbandonedCoroutineTest, SoDoesTheEndOfASimulation) {
  {
    DeferredExecutor executor;
    start(executor, outer(executor, {.name = "waits"}));
    executor.run_one();
  }
  EXPECT_THAT(log_.entries(), ElementsAre("inner destroyed", "outer destroyed"));
}

TEST_F(AbandonedCoroutineTest, SoDoesTheShutdownOfAPoolThatDropsADelay) {
  Log failures;
  ThreadPoolOptions options{.threads = 2};
  options.on_failure = [&](const JobFailure& failure) { failures.add(failure.name); };
  ThreadPoolExecutor pool(options);
  start(pool, outer(pool, {.name = "tomorrow", .delay = absl::Hours(24)}));
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  pool.shutdown();
  EXPECT_THAT(log_.entries(), ElementsAre("inner destroyed", "outer destroyed"));
  EXPECT_THAT(failures.entries(), ElementsAre("tomorrow"));
}

TEST_F(AbandonedCoroutineTest, SoDoesAnExecutorThatDestroysTheJobWithinTheSubmit) {
  FunctionExecutor dropping([](Job) {}, {.on_failure = [](const JobFailure&) {}});
  start(executor_, outer(dropping, {}));
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("inner destroyed", "outer destroyed"));
}

TEST_F(AbandonedCoroutineTest, ARefusedSubmitIsThrownByTheCoAwait) {
  FunctionExecutor refusing([](Job) { throw QueueFullError("full"); });
  const auto flow = [&]() -> Task<void> {
    const std::shared_ptr<void> owned = witness(log_, "destroyed");
    try {
      co_await schedule(refusing);
    } catch (const QueueFullError& e) {
      note(e.what());
    }
    co_await schedule(executor_, {.name = "later"});
    note("goes on");
  };
  start(executor_, {.name = "first"}, flow());
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("full in first", "goes on in later", "destroyed"));
}

TEST_F(AbandonedCoroutineTest, AStartThatIsRefusedLeavesNothing) {
  FunctionExecutor refusing([](Job) { throw QueueFullError("full"); });
  const auto flow = [](std::shared_ptr<void>) -> Task<void> { co_return; };
  EXPECT_THROW(start(refusing, flow(witness(log_, "destroyed"))), QueueFullError);
  EXPECT_THAT(log_.entries(), ElementsAre("destroyed"));
}

// --- other coroutine types ------------------------------------------------------------------

// Runs at once, and belongs to itself: as small as a type can be that may await a Task.
struct Detached {
  struct promise_type {  // NOLINT(readability-identifier-naming): the language's name
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
    void abandon() noexcept { std::coroutine_handle<promise_type>::from_promise(*this).destroy(); }
  };
};

TEST_F(AbandonedCoroutineTest, ACoroutineTypeWithAbandonAwaitsTasksAndExecutors) {
  const auto flow = [this](std::shared_ptr<void>) -> Detached {
    co_await schedule(executor_, {.name = "first"});
    note("one");
    co_await outer(executor_, {.name = "second"});
    note("two");
  };
  flow(witness(log_, "destroyed"));
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("one in first", "resumed", "inner destroyed", "resumed",
                                          "outer destroyed", "two in second", "destroyed"));
}

TEST_F(AbandonedCoroutineTest, AndIsAbandonedWithThem) {
  const auto flow = [this](std::shared_ptr<void>) -> Detached {
    co_await outer(executor_, {.name = "waits"});
  };
  flow(witness(log_, "destroyed"));
  EXPECT_TRUE(executor_.cancel(executor_.pending().at(0).id));
  EXPECT_THAT(log_.entries(), ElementsAre("inner destroyed", "outer destroyed", "destroyed"));
}

}  // namespace
}  // namespace drydock
