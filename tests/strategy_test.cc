#include "drydock/strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "drydock/misuse_error.h"
#include "drydock/sandbox.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::HasSubstr;

// Sets DRYDOCK_STRATEGY, and puts back what was there.
class StrategyVariable {
 public:
  explicit StrategyVariable(const char* value) {
    if (const char* before = std::getenv(kName)) before_ = before;
    value == nullptr ? ::unsetenv(kName) : ::setenv(kName, value, 1);
  }
  StrategyVariable(const StrategyVariable&) = delete;
  StrategyVariable& operator=(const StrategyVariable&) = delete;
  ~StrategyVariable() { before_ ? ::setenv(kName, before_->c_str(), 1) : ::unsetenv(kName); }

 private:
  static constexpr char kName[] = "DRYDOCK_STRATEGY";
  std::optional<std::string> before_;
};

TEST(Strategy, is_read_by_its_name) {
  EXPECT_EQ(parse_strategy("clone").value(), Strategy::kClone);
  EXPECT_EQ(parse_strategy("transaction").value(), Strategy::kTransaction);
  EXPECT_EQ(parse_strategy("truncate").status(),
            absl::InvalidArgumentError("drydock: there is no strategy 'truncate'. Valid are: "
                                       "transaction, clone."));
}

TEST(Strategy, comes_from_the_environment) {
  {
    const StrategyVariable unset(nullptr);
    EXPECT_EQ(strategy_of_environment().value(), Strategy::kTransaction);
  }
  {
    const StrategyVariable clone("clone");
    EXPECT_EQ(strategy_of_environment().value(), Strategy::kClone);
  }
  const StrategyVariable wrong("Clone");
  EXPECT_THAT(std::string(strategy_of_environment().status().message()),
              HasSubstr("DRYDOCK_STRATEGY is 'Clone'. Valid are: transaction ("));
}

using StrategyOfSandboxTest = SandboxFixture;

TEST_F(StrategyOfSandboxTest, is_that_of_the_environment_unless_the_options_say_so) {
  const StrategyVariable clone("clone");
  EXPECT_NO_THROW(Sandbox(test_database()).connection_string());
  Sandbox transaction(test_database(), {.strategy = Strategy::kTransaction});
  EXPECT_THROW(transaction.connection_string(), MisuseError);
}

TEST_F(StrategyOfSandboxTest, is_refused_where_the_environment_names_none) {
  const StrategyVariable wrong("fast");
  EXPECT_THROW(Sandbox{test_database()}, std::invalid_argument);
}

}  // namespace
}  // namespace drydock
