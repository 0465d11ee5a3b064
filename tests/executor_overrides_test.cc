// Kinds that are changed without a change of the configuration: by DRYDOCK_EXECUTOR, by the
// program, by its command line.
#include <gtest/gtest.h>

#include <string>

#include "drydock/executors.h"
#include "drydock/executors_builder.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/config_fixture.h"

namespace drydock {
namespace {

class ExecutorOverridesTest : public ConfigTest {
 protected:
  static std::string error_with(const char* overrides) {
    const ScopedVariable environment("DRYDOCK_EXECUTOR", overrides);
    return error_of(kTwo);
  }
  static std::string kind_of_mail(const ExecutorsBuilder& builder) {
    const absl::StatusOr<Executors> executors = builder.from_yaml(kTwo);
    return executors.ok() ? executors->kind("mail") : executors.status().ToString();
  }
};

TEST_F(ExecutorOverridesTest, ChangesKindsAndLeavesOutKeysOfTheOldOne) {
  const ScopedVariable environment("DRYDOCK_EXECUTOR", "mail=thread_pool");
  const absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_NE(dynamic_cast<ThreadPoolExecutor*>(&executors->get("mail")), nullptr);
  EXPECT_EQ(executors->kind("mail"), "thread_pool");
}

TEST_F(ExecutorOverridesTest, KeepsTheKeysThatTheNewKindHasToo) {
  const ScopedVariable environment("DRYDOCK_EXECUTOR", " default = thread_pool ");
  const absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(dynamic_cast<ThreadPoolExecutor&>(executors->get("default")).threads(), 2);
}

TEST_F(ExecutorOverridesTest, AStarStandsForAllThatNoOtherEntryNames) {
  for (const char* overrides : {"*=thread_pool,mail=serial", "mail=serial,*=thread_pool"}) {
    const ScopedVariable environment("DRYDOCK_EXECUTOR", overrides);
    const absl::StatusOr<Executors> executors = Executors::from_yaml(
        "executors:\n"
        "  default: {kind: thread_pool}\n"
        "  mail: {kind: serial, on: default}\n"
        "  bulk: {kind: serial, on: default}\n");
    ASSERT_TRUE(executors.ok()) << executors.status();
    EXPECT_EQ(executors->kind("mail"), "serial");
    EXPECT_EQ(executors->kind("bulk"), "thread_pool");
  }
}

TEST_F(ExecutorOverridesTest, AnEmptyTextChangesNothing) {
  const ScopedVariable environment("DRYDOCK_EXECUTOR", " ");
  EXPECT_EQ(kind_of_mail(ExecutorsBuilder()), "serial");
}

TEST_F(ExecutorOverridesTest, TheProgramComesFirstThenTheEnvironmentThenTheCommandLine) {
  ExecutorsBuilder builder;
  builder.use_kinds("*=thread_pool");
  EXPECT_EQ(kind_of_mail(builder), "thread_pool");
  const ScopedVariable environment("DRYDOCK_EXECUTOR", "mail=serial");
  EXPECT_EQ(kind_of_mail(builder), "serial");
  builder.override_kinds("mail=thread_pool", "--drydock_executor");
  EXPECT_EQ(kind_of_mail(builder), "thread_pool");
}

TEST_F(ExecutorOverridesTest, UnknownKind) {
  EXPECT_EQ(error_with("mail=thread_pool,default=tread_pool"),
            "drydock: DRYDOCK_EXECUTOR, entry 2 ('default=tread_pool'): unknown kind 'tread_pool' "
            "of executor 'default'. Did you mean 'thread_pool'? Valid kinds: serial, "
            "thread_pool.");
}

TEST_F(ExecutorOverridesTest, KindsOfTestsAreRefusedWithTheReason) {
  EXPECT_EQ(error_with("mail=thread_pool,default=inline"),
            "drydock: DRYDOCK_EXECUTOR, entry 2 ('default=inline'): kind 'inline' of executor "
            "'default' is for tests: only a program that links drydock's test-only part and calls "
            "register_simulated_kinds() (drydock/simulated_kinds.h) knows it. Valid kinds here: "
            "serial, thread_pool.");
}

TEST_F(ExecutorOverridesTest, UnknownExecutor) {
  EXPECT_EQ(error_with("mial=serial"),
            "drydock: DRYDOCK_EXECUTOR, entry 1 ('mial=serial'): there is no executor 'mial'. "
            "Did you mean 'mail'? Executors: default, mail.");
}

TEST_F(ExecutorOverridesTest, Malformed) {
  const std::string advice =
      "this is no override. Write name=kind, and a comma between two of them, as in "
      "\"mail=deferred,default=inline\", or *=kind for all executors.";
  EXPECT_EQ(error_with("mail"), "drydock: DRYDOCK_EXECUTOR, entry 1 ('mail'): " + advice);
  EXPECT_EQ(error_with("=inline"), "drydock: DRYDOCK_EXECUTOR, entry 1 ('=inline'): " + advice);
  EXPECT_EQ(error_with("mail="), "drydock: DRYDOCK_EXECUTOR, entry 1 ('mail='): " + advice);
  EXPECT_EQ(error_with(" = "), "drydock: DRYDOCK_EXECUTOR, entry 1 (' = '): " + advice);
  EXPECT_EQ(error_with("mail=serial=on"),
            "drydock: DRYDOCK_EXECUTOR, entry 1 ('mail=serial=on'): " + advice);
  EXPECT_EQ(error_with("mail=serial,"), "drydock: DRYDOCK_EXECUTOR, entry 2 (''): " + advice);
}

TEST_F(ExecutorOverridesTest, TwoEntriesForOneExecutor) {
  EXPECT_EQ(error_with("mail=serial,mail=thread_pool"),
            "drydock: DRYDOCK_EXECUTOR, entry 2 ('mail=thread_pool'): there is an entry for "
            "'mail' before. Leave one out.");
  EXPECT_EQ(error_with("*=serial,*=thread_pool"),
            "drydock: DRYDOCK_EXECUTOR, entry 2 ('*=thread_pool'): there is an entry for '*' "
            "before. Leave one out.");
}

// The circle stands in the configuration; the override makes it one of kinds that are known.
TEST_F(ExecutorOverridesTest, ACircleIsNamedWhereItIsConfigured) {
  const ScopedVariable environment("DRYDOCK_EXECUTOR", "*=serial");
  EXPECT_EQ(error_of("executors:\n"
                     "  a: {kind: strand, on: b}\n"
                     "  b: {kind: strand, on: a}\n"),
            "drydock: YAML text, line 2, column 25: these executors stand on each other in a "
            "circle: a -> b -> a. Let one of them stand on a thread_pool.");
}

TEST_F(ExecutorOverridesTest, AKindThatNeedsABaseWhereNoneIsConfigured) {
  EXPECT_EQ(error_with("default=serial"),
            "drydock: DRYDOCK_EXECUTOR, entry 1 ('default=serial'): executor 'default' of kind "
            "serial stands on another one, and has no `on` that names it. An override changes the "
            "kind alone; write `on` where the executor is configured (YAML text, line 2, column "
            "3). Other executors: mail.");
}

TEST_F(ExecutorOverridesTest, WhatIsWrongInTheConfigurationStaysWrong) {
  const ScopedVariable environment("DRYDOCK_EXECUTOR", "*=thread_pool");
  EXPECT_EQ(error_of("executors:\n  mail: {kind: serial, onn: mail}\n"),
            "drydock: YAML text, line 2, column 24: unknown key 'onn' of executor 'mail', which is "
            "of kind serial. Did you mean 'on'? Valid keys: kind, on.");
  // One that this program does not know may be right in another.
  EXPECT_TRUE(Executors::from_yaml("executors: {mail: {kind: asio, context: io}}").ok());
}

TEST_F(ExecutorOverridesTest, ErrorsNameTheFlagOrThePlaceInTheCode) {
  ExecutorsBuilder flag;
  flag.override_kinds("mail=seriel", "--drydock_executor");
  EXPECT_EQ(text_of(flag.from_yaml(kTwo)),
            "drydock: --drydock_executor, entry 1 ('mail=seriel'): unknown kind 'seriel' of "
            "executor 'mail'. Did you mean 'serial'? Valid kinds: serial, thread_pool.");
  const SourceLocation where = SourceLocation::current();
  ExecutorsBuilder program;
  program.use_kinds("mail", where);
  EXPECT_EQ(text_of(program.from_yaml(kTwo)),
            "drydock: " + where.to_string() +
                ", entry 1 ('mail'): this is no override. Write name=kind, and a comma between two "
                "of them, as in \"mail=deferred,default=inline\", or *=kind for all executors.");
}

}  // namespace
}  // namespace drydock
