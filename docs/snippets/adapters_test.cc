// The code that docs/adapters.md shows for drydock's own adapters, compiled and run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <coroutine>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/asio_context.h"
#include "drydock/asio_executor.h"
#include "drydock/asio_kind.h"
#include "drydock/coroutine.h"
#include "drydock/current_job.h"
#include "drydock/deferred_executor.h"
#include "drydock/executors_builder.h"
#include "drydock/function_executor.h"
#include "drydock/serial_executor.h"
#include "drydock/tbb_executor.h"

namespace {

using ::testing::ElementsAre;

std::vector<std::string>& sent() {
  static std::vector<std::string> sent;
  return sent;
}

class AdaptersTest : public ::testing::Test {
 protected:
  AdaptersTest() { sent().clear(); }
};

TEST_F(AdaptersTest, Asio) {
  asio::io_context io;
  drydock::AsioExecutor executor(io.get_executor(), {.name = "network"});
  executor.submit({.name = "greet"}, [] { sent().emplace_back("hello"); });
  executor.submit({.name = "part", .delay = absl::Milliseconds(10)},
                  [] { sent().emplace_back("goodbye"); });
  io.run();  // handlers and jobs, on this thread
  EXPECT_THAT(sent(), ElementsAre("hello", "goodbye"));
}

TEST_F(AdaptersTest, AsioByConfiguration) {
  drydock::ExecutorsBuilder builder;
  drydock::register_asio_kind(builder);
  absl::StatusOr<drydock::Executors> executors = builder.from_yaml(R"(
executors:
  network: {kind: asio, threads: 4}
  mail:    {kind: serial, on: network}
)");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("network", "mail"));
}

TEST_F(AdaptersTest, Tbb) {
  oneapi::tbb::task_arena arena(4);
  drydock::TbbExecutor executor(arena, {.name = "render"});
  drydock::SerialExecutor files(executor, "files");  // one at a time, in order
  for (const char* name : {"a", "b", "c"}) {
    files.submit([name] { sent().emplace_back(name); });
  }
  files.wait_idle(absl::Seconds(60)).IgnoreError();
  EXPECT_THAT(sent(), ElementsAre("a", "b", "c"));
}

TEST_F(AdaptersTest, Function) {
  std::deque<drydock::Job> mailbox;  // anything that runs what it is given
  drydock::FunctionExecutor executor(
      [&mailbox](drydock::Job job) { mailbox.push_back(std::move(job)); }, {.name = "mailbox"});
  executor.submit([] { sent().emplace_back("hello"); });
  std::move(mailbox.front())();
  EXPECT_THAT(sent(), ElementsAre("hello"));
}

TEST_F(AdaptersTest, AsioOnAnExecutor) {
  drydock::DeferredExecutor executor;  // in production a ThreadPoolExecutor
  drydock::AsioContext context(executor, "asio");
  const auto serve = []() -> asio::awaitable<void> {
    sent().emplace_back("hello");
    co_await asio::post(asio::use_awaitable);
    sent().emplace_back("goodbye");
  };
  asio::co_spawn(context, serve(), asio::detached);
  executor.drain();
  EXPECT_THAT(sent(), ElementsAre("hello", "goodbye"));
}

class Greeter {
 public:
  explicit Greeter(drydock::Executor& executor) : executor_(executor) {}

  drydock::Task<void> greet(std::string name) {
    co_await say("hello " + name);
    co_await drydock::schedule(executor_, {.name = "part", .delay = absl::Hours(1)});
    co_await say("goodbye " + name);
  }

 private:
  drydock::Task<void> say(std::string text) {
    co_await drydock::schedule(executor_, {.name = "say"});
    sent().push_back(std::move(text));
  }

  drydock::Executor& executor_;
};

TEST_F(AdaptersTest, StepThroughACoroutine) {
  drydock::DeferredExecutor executor;
  Greeter greeter(executor);
  drydock::start(executor, {.name = "greet"}, greeter.greet("Ada"));
  executor.run_one();  // begins, and comes to the first co_await
  EXPECT_EQ(executor.pending().at(0).name, "say");
  executor.drain();
  EXPECT_THAT(sent(), ElementsAre("hello Ada"));
  executor.advance_until_idle();  // through its delay of an hour
  EXPECT_THAT(sent(), ElementsAre("hello Ada", "goodbye Ada"));
}

}  // namespace
