#include "drydock/asio_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <coroutine>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/current_job.h"
#include "drydock/thread_pool_executor.h"
#include "tests/stepping_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();

using AsioExecutorType = AsioContext::executor_type;
static_assert(asio::execution::is_executor<AsioExecutorType>::value);
static_assert(asio::can_require<AsioExecutorType, asio::execution::blocking_t::never_t>::value);
static_assert(std::is_convertible_v<AsioExecutorType, asio::any_io_executor>);

class AsioContextTest : public SteppingTest {
 protected:
  AsioContext context_{executor_, "handler"};
};

TEST_F(AsioContextTest, WhatIsPostedIsAJob) {
  asio::post(context_, [this] { note("posted"); });
  asio::dispatch(context_, [this] { note("dispatched"); });
  EXPECT_EQ(executor_.pending_count(), 2U);
  EXPECT_THAT(log_.entries(), IsEmpty());
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("posted in handler", "dispatched in handler"));
}

TEST_F(AsioContextTest, WithoutANameJobsAreCalledAfterThePlaceOfTheContext) {
  AsioContext context(executor_, "", kSite);
  asio::post(context, [this] { note("posted"); });
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("posted in " + kSite.short_name()));
}

TEST_F(AsioContextTest, AHandlerMayBeMoveOnlyAndIsDeliveredOnce) {
  asio::post(context_, [this, owned = std::make_unique<int>(17)] { note(std::to_string(*owned)); });
  executor_.drain({.deliveries = 2});
  EXPECT_THAT(log_.entries(), ElementsAre("17 in handler"));
}

TEST_F(AsioContextTest, WhatAHandlerThrowsIsTheFailureOfItsJob) {
  asio::post(context_, [] { throw std::runtime_error("no such host"); });
  executor_.drain();
  const std::vector<JobRun> failures = executor_.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].name, "handler");
  EXPECT_EQ(failures[0].error, "std::runtime_error: no such host");
}

TEST_F(AsioContextTest, AHandlerSeesTheContextOfThePost) {
  static const ContextSlot<std::string> request("request");
  {
    const ScopedContext<std::string> scope(request, "r-17");
    asio::post(context_, [this] { note(*request.get()); });
  }
  executor_.drain();
  EXPECT_THAT(log_.entries(), ElementsAre("r-17 in handler"));
}

TEST_F(AsioContextTest, RunOneStepsThroughACoroutineOfAsio) {
  const auto flow = [this]() -> asio::awaitable<void> {
    note("one");
    co_await asio::post(asio::use_awaitable);
    note("two");
  };
  asio::co_spawn(context_, flow(), asio::detached);
  std::vector<std::size_t> entries;
  while (executor_.run_one()) entries.push_back(log_.entries().size());
  EXPECT_THAT(log_.entries(), ElementsAre("one in handler", "two in handler"));
  // Not both in one job.
  EXPECT_THAT(entries, ::testing::Contains(1U));
}

TEST_F(AsioContextTest, ExecutorsAreEqualThatAreOfOneContext) {
  AsioContext other(executor_);
  EXPECT_EQ(context_.get_executor(), context_.get_executor());
  EXPECT_NE(context_.get_executor(), other.get_executor());
  const asio::any_io_executor erased = context_.get_executor();
  EXPECT_EQ(erased, asio::any_io_executor(context_.get_executor()));
  EXPECT_EQ(&erased.context(), &context_);
}

TEST(AsioContextOnThreadsTest, AStrandOfAsioKeepsHandlersFromRunningSideBySide) {
  ThreadPoolExecutor pool({.threads = 4});
  AsioContext context(pool);
  auto strand = asio::make_strand(context.get_executor());
  int runs = 0;  // no lock: the strand is one
  for (int i = 0; i < 1000; ++i) asio::post(strand, [&runs] { ++runs; });
  ASSERT_TRUE(pool.wait_idle(kLong).ok());
  EXPECT_EQ(runs, 1000);
}

TEST(AsioContextOnThreadsTest, TheHandlerOfATimerIsAJob) {
  ThreadPoolExecutor pool({.threads = 1});
  AsioContext context(pool, "timer");
  std::string name;
  std::latch fired(1);
  asio::steady_timer timer(context, std::chrono::milliseconds(1));
  timer.async_wait([&](const asio::error_code& error) {
    name = error ? "an error" : current_job()->name();
    fired.count_down();
  });
  fired.wait();
  EXPECT_EQ(name, "timer");
}

}  // namespace
}  // namespace drydock
