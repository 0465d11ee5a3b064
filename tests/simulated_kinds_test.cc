// The kinds `inline` and `deferred`, in a program that has registered them.
#include "drydock/simulated_kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "drydock/deferred_executor.h"
#include "drydock/executors.h"
#include "drydock/inline_executor.h"
#include "drydock/simulation.h"
#include "tests/config_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

class SimulatedKindsTest : public ConfigTest {
 protected:
  SimulatedKindsTest() { register_simulated_kinds(builder_, simulation_); }

  Simulation simulation_;
  ExecutorsBuilder builder_;
};

TEST_F(SimulatedKindsTest, AreMadeByConfiguration) {
  const absl::StatusOr<Executors> executors =
      builder_.from_yaml("executors: {mail: {kind: deferred}, reports: {kind: inline}}");
  ASSERT_TRUE(executors.ok()) << executors.status();
  auto& mail = dynamic_cast<DeferredExecutor&>(executors->get("mail"));
  EXPECT_EQ(mail.name(), "mail");
  EXPECT_EQ(&mail.simulation(), &simulation_);
  EXPECT_EQ(dynamic_cast<InlineExecutor&>(executors->get("reports")).name(), "reports");
}

TEST_F(SimulatedKindsTest, TakeTheConfigurationOfProductionByOverride) {
  const ScopedVariable environment("DRYDOCK_EXECUTOR", "default=deferred");
  const absl::StatusOr<Executors> executors = builder_.from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  // The strand of the file, on an executor that waits for a drain.
  std::vector<std::string> ran;
  executors->get("mail").submit([&] { ran.emplace_back("mail"); });
  executors->get("default").submit([&] { ran.emplace_back("default"); });
  EXPECT_THAT(ran, ElementsAre());
  EXPECT_TRUE(simulation_.drain().status().ok());
  EXPECT_THAT(ran, ElementsAre("mail", "default"));
}

TEST_F(SimulatedKindsTest, AllSharesOneDrain) {
  builder_.use_kinds("*=deferred");
  const absl::StatusOr<Executors> executors = builder_.from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  int ran = 0;
  executors->get("default").submit([&] { executors->get("mail").submit([&] { ++ran; }); });
  simulation_.drain();
  EXPECT_EQ(ran, 1);
}

TEST_F(SimulatedKindsTest, JobsThatAreQueuedStayInTheSimulationWhenTheExecutorsGo) {
  int ran = 0;
  {
    builder_.use_kinds("*=deferred");
    const absl::StatusOr<Executors> executors = builder_.from_yaml(kTwo);
    ASSERT_TRUE(executors.ok()) << executors.status();
    executors->get("mail").submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(simulation_.pending().size(), 1U);
  simulation_.drain();
  EXPECT_EQ(ran, 1);
}

TEST_F(SimulatedKindsTest, HaveNoKeys) {
  EXPECT_EQ(text_of(builder_.from_yaml("executors:\n  mail: {kind: deferred, threads: 2}\n")),
            "drydock: YAML text, line 2, column 26: unknown key 'threads' of executor 'mail', "
            "which is of kind deferred. Valid keys: kind.");
}

TEST_F(SimulatedKindsTest, AreAmongTheValidOnes) {
  EXPECT_EQ(text_of(builder_.from_yaml("executors:\n  mail: {kind: defered}\n")),
            "drydock: YAML text, line 2, column 16: unknown kind 'defered' of executor 'mail'. Did "
            "you mean 'deferred'? Valid kinds: deferred, inline, serial, thread_pool.");
}

TEST_F(SimulatedKindsTest, AreRegisteredOnce) {
  EXPECT_THROW(register_simulated_kinds(builder_, simulation_), std::invalid_argument);
}

}  // namespace
}  // namespace drydock
