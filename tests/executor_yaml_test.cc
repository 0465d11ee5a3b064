// What is wrong with a configuration of executors in YAML, each by its full text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "drydock/executors.h"
#include "drydock/thread_pool_executor.h"
#include "tests/config_fixture.h"

namespace drydock {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;

const std::string kExample =
    "Write it as in \"executors: {default: {kind: thread_pool, threads: 8}, mail: {kind: serial, "
    "on: default}}\".";

class ExecutorYamlTest : public ConfigTest {};

TEST_F(ExecutorYamlTest, UnknownKind) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: tread_pool}\n"),
            "drydock: YAML text, line 2, column 19: unknown kind 'tread_pool' of executor "
            "'default'. Did you mean 'thread_pool'? Valid kinds: serial, thread_pool.");
}

TEST_F(ExecutorYamlTest, KindsOfTestsAreRefusedWithTheReason) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: inline}\n"),
            "drydock: YAML text, line 2, column 19: kind 'inline' of executor 'default' is for "
            "tests: only a program that links drydock's test-only part and calls "
            "register_simulated_kinds() (drydock/simulated_kinds.h) knows it. Valid kinds here: "
            "serial, thread_pool.");
  EXPECT_EQ(error_of("executors: {default: {kind: deferred}}"),
            "drydock: YAML text, line 1, column 29: kind 'deferred' of executor 'default' is for "
            "tests: only a program that links drydock's test-only part and calls "
            "register_simulated_kinds() (drydock/simulated_kinds.h) knows it. Valid kinds here: "
            "serial, thread_pool.");
}

TEST_F(ExecutorYamlTest, UnknownKey) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, thread: 2}\n"),
            "drydock: YAML text, line 2, column 32: unknown key 'thread' of executor 'default', "
            "which is of kind thread_pool. Did you mean 'threads'? Valid keys: kind, threads, "
            "max_queued.");
  EXPECT_EQ(error_of("executor: {default: {kind: thread_pool}}"),
            "drydock: YAML text, line 1, column 1: unknown key 'executor'. Did you mean "
            "'executors'? Valid keys: executors.");
  EXPECT_EQ(error_of("executors: {a: {kind: thread_pool}}\n[pool]: 1\n"),
            "drydock: YAML text, line 2, column 1: unknown key 'a list'. Valid keys: executors.");
  // Nothing is near it.
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, priority: 2}\n"),
            "drydock: YAML text, line 2, column 32: unknown key 'priority' of executor 'default', "
            "which is of kind thread_pool. Valid keys: kind, threads, max_queued.");
}

TEST_F(ExecutorYamlTest, MissingKind) {
  EXPECT_EQ(error_of("executors:\n  default: {threads: 2}\n"),
            "drydock: YAML text, line 2, column 3: executor 'default' has no `kind`. Valid kinds: "
            "serial, thread_pool.");
}

TEST_F(ExecutorYamlTest, WrongTypes) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, threads: eight}\n"),
            "drydock: YAML text, line 2, column 41: `threads` of executor 'default' is 'eight', "
            "but must be a whole number of at least 1 and at most 10000.");
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, max_queued: -1}\n"),
            "drydock: YAML text, line 2, column 44: `max_queued` of executor 'default' is '-1', "
            "but must be a whole number of at least 1.");
  EXPECT_EQ(error_of("executors:\n  default: {kind: [thread_pool]}\n"),
            "drydock: YAML text, line 2, column 19: `kind` of executor 'default' is a list, but "
            "must be a single value.");
  EXPECT_EQ(
      error_of("executors:\n  mail: {kind: serial, on: {name: default}}\n"),
      "drydock: YAML text, line 2, column 28: `on` of executor 'mail' is a map, but must be a "
      "single value.");
  EXPECT_EQ(error_of("executors:\n  default: thread_pool\n"),
            "drydock: YAML text, line 2, column 12: executor 'default' is the value 'thread_pool', "
            "but must be a map with a `kind`. " +
                kExample);
  EXPECT_EQ(error_of("executors: [default]\n"),
            "drydock: YAML text, line 1, column 12: `executors` is a list, but must be a map of at "
            "least one executor by its name. " +
                kExample);
  EXPECT_EQ(error_of("executors: {}\n"),
            "drydock: YAML text, line 1, column 12: `executors` is empty, but must be a map of at "
            "least one executor by its name. " +
                kExample);
}

TEST_F(ExecutorYamlTest, WrongTypesOfTheWholeText) {
  EXPECT_EQ(error_of("- executors\n"),
            "drydock: YAML text, line 1, column 1: there is no map `executors` here; the text is a "
            "list. " +
                kExample);
  EXPECT_EQ(error_of("executors.yaml\n"),
            "drydock: YAML text, line 1, column 1: there is no map `executors` here; the text is "
            "the value 'executors.yaml'. " +
                kExample);
  EXPECT_EQ(error_of("executors: thread_pool\n"),
            "drydock: YAML text, line 1, column 12: `executors` is the value 'thread_pool', but "
            "must be a map of at least one executor by its name. " +
                kExample);
}

TEST_F(ExecutorYamlTest, ZeroThreads) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, threads: 0}\n"),
            "drydock: YAML text, line 2, column 41: `threads` of executor 'default' is '0', but "
            "must be a whole number of at least 1 and at most 10000.");
}

TEST_F(ExecutorYamlTest, MoreThreadsThanAnyMachineHas) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, threads: 10001}\n"),
            "drydock: YAML text, line 2, column 41: `threads` of executor 'default' is '10001', "
            "but must be a whole number of at least 1 and at most 10000.");
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, threads: 99999999999}\n"),
            "drydock: YAML text, line 2, column 41: `threads` of executor 'default' is "
            "'99999999999', but must be a whole number of at least 1 and at most 10000.");
}

TEST_F(ExecutorYamlTest, Circle) {
  EXPECT_EQ(error_of("executors:\n"
                     "  default: {kind: thread_pool}\n"
                     "  a: {kind: serial, on: b}\n"
                     "  b: {kind: serial, on: c}\n"
                     "  c: {kind: serial, on: b}\n"),
            "drydock: YAML text, line 4, column 25: these executors stand on each other in a "
            "circle: b -> c -> b. Let one of them stand on a thread_pool.");
  EXPECT_EQ(error_of("executors: {a: {kind: serial, on: a}}"),
            "drydock: YAML text, line 1, column 35: these executors stand on each other in a "
            "circle: a -> a. Let one of them stand on a thread_pool.");
}

TEST_F(ExecutorYamlTest, MissingBase) {
  EXPECT_EQ(
      error_of("executors:\n  default: {kind: thread_pool}\n  mail: {kind: serial, on: defalt}"),
      "drydock: YAML text, line 3, column 28: executor 'mail' stands on 'defalt', but there "
      "is no such executor. Did you mean 'default'? Other executors: default.");
  EXPECT_EQ(error_of("executors:\n  mail: {kind: serial}\n"),
            "drydock: YAML text, line 2, column 16: executor 'mail' of kind serial stands on "
            "another one, and has no `on` that names it. Other executors: none.");
}

TEST_F(ExecutorYamlTest, DuplicateNamesAndKeys) {
  EXPECT_EQ(error_of("executors:\n  mail: {kind: thread_pool}\n  mail: {kind: thread_pool}\n"),
            "drydock: YAML text, line 3, column 3: there are two executors 'mail'; the first is at "
            "YAML text, line 2, column 3. Give one of them another name.");
  EXPECT_EQ(error_of("executors:\n  mail: {kind: thread_pool, threads: 1, threads: 2}\n"),
            "drydock: YAML text, line 2, column 41: executor 'mail' has `threads` twice. Leave one "
            "out.");
  EXPECT_EQ(error_of("executors:\n  mail: {kind: thread_pool, kind: serial}\n"),
            "drydock: YAML text, line 2, column 29: executor 'mail' has `kind` twice. Leave one "
            "out.");
  EXPECT_EQ(
      error_of("executors: {a: {kind: thread_pool}}\n"
               "executors: {b: {kind: thread_pool}}\n"),
      "drydock: YAML text, line 2, column 1: `executors` stands here a second time; the first "
      "is at YAML text, line 1, column 1. Put all executors into one.");
}

TEST_F(ExecutorYamlTest, Syntax) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool\n"),
            "drydock: YAML text, line 3, column 1: this is no YAML: end of map flow not found.");
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool}\n mail: {kind: serial}\n"),
            "drydock: YAML text, line 3, column 2: this is no YAML: end of map not found.");
  // yaml-cpp 0.8 also names it.
  EXPECT_THAT(
      error_of("executors: {a: *nobody}\n"),
      AnyOf("drydock: YAML text, line 1, column 16: this is no YAML: the referenced anchor is "
            "not defined.",
            "drydock: YAML text, line 1, column 16: this is no YAML: the referenced anchor is "
            "not defined: nobody."));
}

TEST_F(ExecutorYamlTest, EmptyText) {
  const std::string empty =
      "drydock: YAML text, line 1, column 1: there is no map `executors` here; the text is "
      "empty. " +
      kExample;
  EXPECT_EQ(error_of(""), empty);
  EXPECT_EQ(error_of("# nothing but a comment\n"), empty);
  EXPECT_EQ(error_of("executors:\n"),
            "drydock: YAML text, line 1, column 1: `executors` is empty, but must be a map of at "
            "least one executor by its name. " +
                kExample);
  EXPECT_EQ(error_of("executors:\n  mail:\n"),
            "drydock: YAML text, line 2, column 3: executor 'mail' is empty, but must be a map "
            "with a `kind`. " +
                kExample);
  EXPECT_EQ(error_of("executors: {mail: {kind: thread_pool, threads: }}"),
            "drydock: YAML text, line 1, column 39: `threads` of executor 'mail' is empty, but "
            "must be a single value.");
}

TEST_F(ExecutorYamlTest, ASecondDocumentIsNotPassedOver) {
  EXPECT_EQ(error_of("executors: {a: {kind: thread_pool}}\n"
                     "---\n"
                     "executors: {b: {kind: thread_pool}}\n"),
            "drydock: YAML text, line 3, column 1: a second YAML document begins here, and only "
            "one would be read. Put all executors into one.");
}

TEST_F(ExecutorYamlTest, NamesThatAnOverrideCouldNotName) {
  EXPECT_EQ(error_of("executors:\n  'a=b': {kind: thread_pool}\n"),
            "drydock: YAML text, line 2, column 3: the name of an executor is 'a=b', but must be "
            "a word without a space and without any of \",=*\", which DRYDOCK_EXECUTOR gives a "
            "meaning.");
  EXPECT_EQ(error_of("executors:\n  [a]: {kind: thread_pool}\n"),
            "drydock: YAML text, line 2, column 3: the name of an executor is a list, but must be "
            "a word.");
}

TEST_F(ExecutorYamlTest, AnAnchorStandsForAWholeExecutor) {
  const absl::StatusOr<Executors> executors = Executors::from_yaml(
      "executors:\n"
      "  web:  &pool {kind: thread_pool, threads: &two 2}\n"
      "  bulk: *pool\n"
      "  mail: {kind: thread_pool, threads: *two}\n");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("web", "bulk", "mail"));
  for (const char* name : {"web", "bulk", "mail"}) {
    const auto& pool = dynamic_cast<ThreadPoolExecutor&>(executors->get(name));
    EXPECT_EQ(pool.threads(), 2);
    EXPECT_EQ(pool.name(), name);
  }
}

TEST_F(ExecutorYamlTest, MergeKeysAreRefused) {
  EXPECT_EQ(error_of("executors:\n"
                     "  web:  &pool {kind: thread_pool}\n"
                     "  bulk: {<<: *pool, threads: 1}\n"),
            "drydock: YAML text, line 3, column 10: the merge key `<<` is not read. Write the "
            "keys out; an anchor for a whole executor (`a: &a {...}`, `b: *a`) works.");
  EXPECT_EQ(error_of("executors:\n"
                     "  web: &pool {kind: thread_pool}\n"
                     "  <<: *pool\n"),
            "drydock: YAML text, line 3, column 3: the merge key `<<` is not read. Write the keys "
            "out; an anchor for a whole executor (`a: &a {...}`, `b: *a`) works.");
}

// --- files ----------------------------------------------------------------------------------

TEST_F(ExecutorYamlTest, ReadsAFile) {
  const internal::TemporaryFolder folder;
  absl::StatusOr<Executors> executors = Executors::from_file(folder.write("executors.yaml", kTwo));
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "mail"));
}

TEST_F(ExecutorYamlTest, AnErrorNamesTheFile) {
  const internal::TemporaryFolder folder;
  const std::string path =
      folder.write("executors.yaml", "executors:\n  mail: {kind: seriel, on: mail}\n");
  EXPECT_EQ(text_of(Executors::from_file(path)),
            "drydock: " + path +
                ", line 2, column 16: unknown kind 'seriel' of executor 'mail'. Did you mean "
                "'serial'? Valid kinds: serial, thread_pool.");
}

TEST_F(ExecutorYamlTest, AnEmptyFileIsNamed) {
  const internal::TemporaryFolder folder;
  const std::string path = folder.write("executors.yaml", "");
  EXPECT_EQ(text_of(Executors::from_file(path)),
            "drydock: " + path +
                ", line 1, column 1: there is no map `executors` here; the text is empty. " +
                kExample);
}

TEST_F(ExecutorYamlTest, AMissingFileIsNamedWithTheNearestThatIsThere) {
  EXPECT_EQ(text_of(Executors::from_file("/nowhere/executors.yaml")),
            "drydock: cannot read the configuration of executors '/nowhere/executors.yaml': No "
            "such file or directory.");
  const internal::TemporaryFolder folder;
  const std::string path = folder.write("executors.yaml", kTwo);
  EXPECT_EQ(text_of(Executors::from_file(folder.path("executers.yaml"))),
            "drydock: cannot read the configuration of executors '" +
                folder.path("executers.yaml") + "': No such file or directory. Did you mean '" +
                path + "'?");
  EXPECT_EQ(text_of(Executors::from_file("nowhere/executors.yaml")),
            "drydock: cannot read the configuration of executors 'nowhere/executors.yaml', looked "
            "for in '" +
                std::filesystem::current_path().string() + "': No such file or directory.");
  EXPECT_EQ(text_of(Executors::from_file("/tmp")),
            "drydock: cannot read the configuration of executors '/tmp': Is a directory.");
}

}  // namespace
}  // namespace drydock
