#include "drydock/executors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor_errors.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/config_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

class ExecutorsTest : public ConfigTest {};

TEST_F(ExecutorsTest, MakesWhatTheTextSays) {
  absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "mail"));
  auto& pool = dynamic_cast<ThreadPoolExecutor&>(executors->get("default"));
  EXPECT_EQ(pool.threads(), 2);
  EXPECT_EQ(pool.name(), "default");
  EXPECT_EQ(dynamic_cast<SerialExecutor&>(executors->get("mail")).name(), "mail");
  std::promise<void> ran;
  executors->get("mail").submit([&] { ran.set_value(); });
  ran.get_future().get();
}

TEST_F(ExecutorsTest, MaxQueuedIsThatOfTheText) {
  absl::StatusOr<Executors> executors =
      Executors::from_yaml("executors: {default: {kind: thread_pool, threads: 1, max_queued: 1}}");
  ASSERT_TRUE(executors.ok()) << executors.status();
  Executor& pool = executors->get("default");
  std::latch runs(1), open(1);
  pool.submit([&] {
    runs.count_down();
    open.wait();
  });
  runs.wait();
  pool.submit([] {});
  EXPECT_THROW(pool.submit([] {}), QueueFullError);
  open.count_down();
  ASSERT_TRUE(executors->shutdown(absl::Minutes(1)).ok());
}

TEST_F(ExecutorsTest, AnExecutorMayStandOnOneFurtherDown) {
  absl::StatusOr<Executors> executors = Executors::from_yaml(
      "executors:\n"
      "  mail: {kind: serial, on: bulk}\n"
      "  bulk: {kind: serial, on: default}\n"
      "  default: {kind: thread_pool, threads: 1}\n");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "bulk", "mail"));
}

TEST_F(ExecutorsTest, AMoveKeepsTheExecutorsAndTheirAddresses) {
  absl::StatusOr<Executors> made = Executors::from_yaml(kTwo);
  ASSERT_TRUE(made.ok()) << made.status();
  Executor* const mail = &made->get("mail");
  std::optional<Executors> moved(*std::move(made));
  EXPECT_EQ(&moved->get("mail"), mail);
  // Assigning ends those that were there, in order.
  absl::StatusOr<Executors> other = Executors::from_yaml(kTwo);
  ASSERT_TRUE(other.ok());
  bool ran = false;
  mail->submit([&] { ran = true; });
  *moved = *std::move(other);
  EXPECT_TRUE(ran);
}

TEST_F(ExecutorsTest, AnUnknownNameIsAnsweredWithTheValidOnes) {
  absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  std::string message;
  try {
    executors->get("mial");
  } catch (const std::out_of_range& error) {
    message = error.what();
  }
  EXPECT_EQ(message,
            "drydock: there is no executor 'mial'. Did you mean 'mail'? Executors: default, mail.");
}

}  // namespace
}  // namespace drydock
