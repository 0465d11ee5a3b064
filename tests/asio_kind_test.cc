// The kind `asio`, in a program that has registered it.
#include "drydock/asio_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/asio_executor.h"
#include "drydock/executor_errors.h"
#include "drydock/executors.h"
#include "tests/config_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kLong = absl::Seconds(60);

class AsioKindTest : public ConfigTest {
 protected:
  AsioKindTest() { register_asio_kind(builder_); }

  Executors made(std::string_view yaml) {
    absl::StatusOr<Executors> executors = builder_.from_yaml(yaml);
    EXPECT_TRUE(executors.ok()) << executors.status();
    return *std::move(executors);
  }

  ExecutorsBuilder builder_;
};

TEST_F(AsioKindTest, IsMadeByConfigurationWithAsManyThreadsAsItSays) {
  Executors executors = made("executors: {network: {kind: asio, threads: 2}}");
  auto& network = dynamic_cast<AsioExecutor&>(executors.get("network"));
  EXPECT_EQ(network.name(), "network");
  std::latch both(2);
  network.submit([&] { both.arrive_and_wait(); });
  network.submit([&] { both.arrive_and_wait(); });
  EXPECT_TRUE(network.wait_idle(kLong).ok());
}

TEST_F(AsioKindTest, AStrandStandsOnIt) {
  std::vector<int> order;  // no lock: that is the strand
  {
    Executors executors = made(
        "executors:\n"
        "  network: {kind: asio, threads: 4}\n"
        "  mail: {kind: serial, on: network}\n");
    for (int i = 0; i < 3; ++i) executors.get("mail").submit([&order, i] { order.push_back(i); });
  }
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(AsioKindTest, RunsWhatIsQueuedWhenTheExecutorsAreDestroyed) {
  std::atomic<int> runs{0};
  {
    Executors executors = made("executors: {network: {kind: asio, threads: 1}}");
    for (int i = 0; i < 100; ++i) executors.get("network").submit([&] { runs.fetch_add(1); });
  }
  EXPECT_EQ(runs, 100);
}

TEST_F(AsioKindTest, IsShutDownWithTheOthers) {
  Executors executors = made(
      "executors:\n"
      "  network: {kind: asio, threads: 1}\n"
      "  mail: {kind: thread_pool, threads: 1}\n");
  std::atomic<int> runs{0};
  executors.get("network").submit([&] {
    executors.get("mail").submit(
        [&] { executors.get("network").submit([&] { runs.fetch_add(1); }); });
  });
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_EQ(runs, 1);
  EXPECT_THROW(executors.get("network").submit([] {}), ExecutorShutDownError);
}

TEST_F(AsioKindTest, RunsOnTheProgramsOwnLoopWhereThatIsGiven) {
  asio::io_context io;
  ExecutorsBuilder builder;
  register_asio_kind(builder, io.get_executor());
  absl::StatusOr<Executors> executors =
      builder.from_yaml("executors: {a: {kind: asio}, b: {kind: asio}}");
  ASSERT_TRUE(executors.ok()) << executors.status();
  std::vector<std::string> ran;
  executors->get("a").submit([&] { ran.emplace_back("a"); });
  executors->get("b").submit([&] { ran.emplace_back("b"); });
  EXPECT_THAT(ran, ElementsAre());
  io.run();
  EXPECT_THAT(ran, ElementsAre("a", "b"));
}

TEST_F(AsioKindTest, WrongNumberOfThreadsIsRefused) {
  EXPECT_EQ(text_of(builder_.from_yaml("executors: {network: {kind: asio, threads: 0}}")),
            "drydock: YAML text, line 1, column 44: `threads` of executor 'network' is '0', but "
            "must be a whole "
            "number of at least 1 and at most 10000.");
}

TEST_F(AsioKindTest, OnALoopOfTheProgramThereAreNoThreadsToSet) {
  asio::io_context io;
  ExecutorsBuilder builder;
  register_asio_kind(builder, io.get_executor());
  EXPECT_EQ(text_of(builder.from_yaml("executors: {network: {kind: asio, threads: 2}}")),
            "drydock: YAML text, line 1, column 35: unknown key 'threads' of executor 'network', "
            "which is of "
            "kind asio. Valid keys: kind.");
}

TEST_F(AsioKindTest, WithoutItTheMessageSaysHowToRegisterIt) {
  EXPECT_EQ(error_of("executors: {network: {kind: asio}}"),
            "drydock: YAML text, line 1, column 29: kind 'asio' of executor 'network' runs on "
            "asio: only a program that links drydock's target asio_kind and calls "
            "register_asio_kind() (drydock/asio_kind.h) knows it. Valid kinds here: serial, "
            "thread_pool.");
}

}  // namespace
}  // namespace drydock
