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
  EXPECT_EQ(text_of(executors_with("--drydock_executor=mail=seriel")),
            "drydock: --drydock_executor, entry 1 ('mail=seriel'): unknown kind 'seriel' of "
            "executor 'mail'. Did you mean 'serial'? Valid kinds: serial, thread_pool.");
  EXPECT_EQ(text_of(executors_with("--drydock_executor=mail=serial,default=inline")),
            "drydock: --drydock_executor, entry 2 ('default=inline'): kind 'inline' of executor "
            "'default' is for tests: only a program that links drydock's test-only part and calls "
            "register_simulated_kinds() (drydock/simulated_kinds.h) knows it. Valid kinds here: "
            "serial, thread_pool.");
  EXPECT_EQ(text_of(executors_with("--drydock_executor=default=serial")),
            "drydock: --drydock_executor, entry 1 ('default=serial'): executor 'default' of kind "
            "serial stands on another one, and has no `on` that names it. An override changes the "
            "kind alone; write `on` where the executor is configured (YAML text, line 2, column "
            "3). Other executors: mail.");
  EXPECT_EQ(text_of(executors_with("--drydock_executor=mail=serial,mail=thread_pool")),
            "drydock: --drydock_executor, entry 2 ('mail=thread_pool'): there is an entry for "
            "'mail' before. Leave one out.");
  EXPECT_EQ(text_of(executors_with("--drydock_executor=mail")),
            "drydock: --drydock_executor, entry 1 ('mail'): this is no override. Write name=kind, "
            "and a comma between two of them, as in \"mail=deferred,default=inline\", or *=kind "
            "for all executors.");
}

}  // namespace
}  // namespace drydock
