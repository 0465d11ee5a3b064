// The command line flag --drydock_executor.
#include "drydock/executor_flag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "drydock/executors.h"
#include "tests/config_fixture.h"

namespace drydock {
namespace {

class ExecutorFlagTest : public ConfigTest {
 protected:
  static absl::StatusOr<Executors> executors_with(std::string flag) {
    std::string program = "program";
    std::vector<char*> arguments = {program.data(), flag.data()};
    absl::ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
    ExecutorsBuilder builder;
    return apply_executor_flag(builder).from_yaml(kTwo);
  }
};

TEST_F(ExecutorFlagTest, GoesBeforeTheEnvironment) {
  const ScopedVariable environment("DRYDOCK_EXECUTOR", "mail=serial");
  const absl::StatusOr<Executors> executors = executors_with("--drydock_executor=mail=thread_pool");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(executors->kind("mail"), "thread_pool");
}

TEST_F(ExecutorFlagTest, ChangesNothingWhereItIsNotGiven) {
  const absl::StatusOr<Executors> executors = executors_with("--drydock_executor=");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(executors->kind("mail"), "serial");
}

TEST_F(ExecutorFlagTest, ErrorsNameTheFlag) {
  EXPECT_EQ(text_of(executors_with("--drydock_executor=mial=thread_pool")),
            "drydock: --drydock_executor, entry 1 ('mial=thread_pool'): there is no executor "
            "'mial'. Did you mean 'mail'? Executors: default, mail.");
}

}  // namespace
}  // namespace drydock
