#include "drydock/executors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
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
#include "drydock/executors_builder.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Sets the environment variable for one test, and removes it where there was none.
class ScopedOverride {
 public:
  explicit ScopedOverride(const std::string& value) {
    setenv("DRYDOCK_EXECUTOR", value.c_str(), 1);
  }
  ~ScopedOverride() { unsetenv("DRYDOCK_EXECUTOR"); }
};

std::string text_of(const absl::Status& status) { return std::string(status.message()); }

std::string error_of(std::string_view yaml) {
  const absl::StatusOr<Executors> executors = Executors::from_yaml(yaml);
  if (executors.ok()) return "it was accepted";
  EXPECT_EQ(executors.status().code(), absl::StatusCode::kInvalidArgument);
  return text_of(executors.status());
}

constexpr char kTwo[] =
    "executors:\n"
    "  default: {kind: thread_pool, threads: 2, max_queued: 50}\n"
    "  mail:    {kind: serial, on: default}\n";

TEST(ExecutorsTest, MakesWhatTheTextSays) {
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

TEST(ExecutorsTest, MaxQueuedIsThatOfTheText) {
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

TEST(ExecutorsTest, AnExecutorMayStandOnOneFurtherDown) {
  absl::StatusOr<Executors> executors = Executors::from_yaml(
      "executors:\n"
      "  mail: {kind: serial, on: bulk}\n"
      "  bulk: {kind: serial, on: default}\n"
      "  default: {kind: thread_pool, threads: 1}\n");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "bulk", "mail"));
}

TEST(ExecutorsTest, AMoveKeepsTheExecutorsAndTheirAddresses) {
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

TEST(ExecutorsTest, DestructionRunsWhatIsQueued) {
  int ran = 0;
  {
    absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
    ASSERT_TRUE(executors.ok()) << executors.status();
    for (int i = 0; i < 10; ++i) executors->get("mail").submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 10);
}

TEST(ExecutorsTest, ShutdownNamesWhatDidNotEndInTime) {
  absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  std::latch runs(1), open(1);
  executors->get("mail").submit({.name = "slow"}, [&] {
    runs.count_down();
    open.wait();
  });
  runs.wait();
  const absl::Status status = executors->shutdown(absl::Milliseconds(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(text_of(status), HasSubstr("drydock: executor 'default' has not ended"));
  EXPECT_THAT(text_of(status), HasSubstr("'slow' (#1, submitted at "));
  open.count_down();
  EXPECT_TRUE(executors->shutdown(absl::Minutes(1)).ok());
  EXPECT_THROW(executors->get("mail").submit([] {}), ExecutorShutDownError);
}

TEST(ExecutorsTest, AnUnknownNameIsAnsweredWithTheValidOnes) {
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

// --- errors of the text ---------------------------------------------------------------------

TEST(ExecutorsErrorTest, UnknownKind) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: tread_pool}\n"),
            "drydock: YAML text, line 2, column 19: unknown kind 'tread_pool' of executor "
            "'default'. Did you mean 'thread_pool'? Valid kinds: serial, thread_pool.");
}

TEST(ExecutorsErrorTest, KindsOfTestsAreRefusedWithTheReason) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: inline}\n"),
            "drydock: YAML text, line 2, column 19: kind 'inline' of executor 'default' is for "
            "tests, and this binary is linked without drydock's test-only part. Valid kinds here: "
            "serial, thread_pool.");
  EXPECT_THAT(error_of("executors: {default: {kind: deferred}}"),
              HasSubstr("kind 'deferred' of executor 'default' is for tests"));
}

TEST(ExecutorsErrorTest, UnknownKey) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, thread: 2}\n"),
            "drydock: YAML text, line 2, column 32: unknown key 'thread' of executor 'default', "
            "which is of kind thread_pool. Did you mean 'threads'? Valid keys: kind, threads, "
            "max_queued.");
  EXPECT_EQ(error_of("executor: {default: {kind: thread_pool}}"),
            "drydock: YAML text, line 1, column 1: unknown key 'executor'. Did you mean "
            "'executors'? Valid keys: executors.");
}

TEST(ExecutorsErrorTest, MissingKind) {
  EXPECT_EQ(error_of("executors:\n  default: {threads: 2}\n"),
            "drydock: YAML text, line 2, column 3: executor 'default' has no `kind`. Valid kinds: "
            "serial, thread_pool.");
}

TEST(ExecutorsErrorTest, WrongTypes) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, threads: eight}\n"),
            "drydock: YAML text, line 2, column 41: `threads` of executor 'default' is 'eight', "
            "but must be a whole number of at least 1 and at most 10000.");
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, max_queued: -1}\n"),
            "drydock: YAML text, line 2, column 44: `max_queued` of executor 'default' is '-1', "
            "but must be a whole number of at least 1.");
  EXPECT_EQ(error_of("executors:\n  default: {kind: [thread_pool]}\n"),
            "drydock: YAML text, line 2, column 19: `kind` of executor 'default' is a list, but "
            "must be a single value.");
  const std::string example =
      "Write it as in \"executors: {default: {kind: thread_pool, threads: 8}, mail: {kind: "
      "serial, on: default}}\".";
  EXPECT_EQ(error_of("executors:\n  default: thread_pool\n"),
            "drydock: YAML text, line 2, column 12: executor 'default' is the value 'thread_pool', "
            "but must be a map with a `kind`. " +
                example);
  EXPECT_EQ(error_of("executors: [default]\n"),
            "drydock: YAML text, line 1, column 12: `executors` is a list, but must be a map of at "
            "least one executor by its name. " +
                example);
  EXPECT_EQ(error_of("executors: {}\n"),
            "drydock: YAML text, line 1, column 12: `executors` is empty, but must be a map of at "
            "least one executor by its name. " +
                example);
  EXPECT_EQ(error_of(""),
            "drydock: YAML text, line 1, column 1: there is no map `executors` here; the text is "
            "empty. " +
                example);
}

TEST(ExecutorsErrorTest, ZeroThreads) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool, threads: 0}\n"),
            "drydock: YAML text, line 2, column 41: `threads` of executor 'default' is '0', but "
            "must be a whole number of at least 1 and at most 10000.");
}

TEST(ExecutorsErrorTest, Circle) {
  EXPECT_EQ(error_of("executors:\n"
                     "  default: {kind: thread_pool}\n"
                     "  a: {kind: serial, on: b}\n"
                     "  b: {kind: serial, on: c}\n"
                     "  c: {kind: serial, on: b}\n"),
            "drydock: YAML text, line 4, column 25: these executors stand on each other in a "
            "circle: b -> c -> b. Let one of them stand on a thread_pool.");
  EXPECT_THAT(error_of("executors: {a: {kind: serial, on: a}}"), HasSubstr("circle: a -> a."));
}

TEST(ExecutorsErrorTest, MissingBase) {
  EXPECT_EQ(
      error_of("executors:\n  default: {kind: thread_pool}\n  mail: {kind: serial, on: defalt}"),
      "drydock: YAML text, line 3, column 28: executor 'mail' stands on 'defalt', but there "
      "is no such executor. Did you mean 'default'? Other executors: default.");
  EXPECT_EQ(error_of("executors:\n  mail: {kind: serial}\n"),
            "drydock: YAML text, line 2, column 16: executor 'mail' of kind serial stands on "
            "another one, and has no `on` that names it. Other executors: none.");
}

TEST(ExecutorsErrorTest, DuplicateNamesAndKeys) {
  EXPECT_EQ(error_of("executors:\n  mail: {kind: thread_pool}\n  mail: {kind: thread_pool}\n"),
            "drydock: YAML text, line 3, column 3: there are two executors 'mail'; the first is at "
            "YAML text, line 2, column 3. Give one of them another name.");
  EXPECT_EQ(error_of("executors:\n  mail: {kind: thread_pool, threads: 1, threads: 2}\n"),
            "drydock: YAML text, line 2, column 41: executor 'mail' has `threads` twice. Leave one "
            "out.");
}

TEST(ExecutorsErrorTest, YamlSyntax) {
  EXPECT_EQ(error_of("executors:\n  default: {kind: thread_pool\n"),
            "drydock: YAML text, line 3, column 1: this is no YAML: end of map flow not found.");
}

// --- files ----------------------------------------------------------------------------------

std::string write_file(const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name() +
                           ".yaml";
  std::ofstream(path) << text;
  return path;
}

TEST(ExecutorsFileTest, ReadsAFile) {
  absl::StatusOr<Executors> executors = Executors::from_file(write_file(kTwo));
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "mail"));
}

TEST(ExecutorsFileTest, AnErrorNamesTheFile) {
  const std::string path = write_file("executors:\n  mail: {kind: seriel, on: mail}\n");
  EXPECT_EQ(text_of(Executors::from_file(path).status()),
            "drydock: " + path +
                ", line 2, column 16: unknown kind 'seriel' of executor 'mail'. Did you mean "
                "'serial'? Valid kinds: serial, thread_pool.");
}

TEST(ExecutorsFileTest, AMissingFileIsNamed) {
  const absl::Status status = Executors::from_file("/nowhere/executors.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(text_of(status),
            "drydock: cannot read the configuration of executors '/nowhere/executors.yaml': No "
            "such file or directory.");
  EXPECT_EQ(text_of(Executors::from_file("/tmp").status()),
            "drydock: cannot read the configuration of executors '/tmp': Is a directory.");
}

// --- DRYDOCK_EXECUTOR -----------------------------------------------------------------------

TEST(ExecutorsOverrideTest, ChangesKindsAndLeavesOutKeysOfTheOldOne) {
  const ScopedOverride environment("mail=thread_pool");
  absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_NE(dynamic_cast<ThreadPoolExecutor*>(&executors->get("mail")), nullptr);
}

TEST(ExecutorsOverrideTest, ErrorsNameTheEntry) {
  {
    const ScopedOverride environment("mail=thread_pool,default=inline");
    EXPECT_EQ(error_of(kTwo),
              "drydock: DRYDOCK_EXECUTOR, entry 2 ('default=inline'): kind 'inline' of executor "
              "'default' is for tests, and this binary is linked without drydock's test-only part. "
              "Valid kinds here: serial, thread_pool.");
  }
  {
    const ScopedOverride environment("mial=serial");
    EXPECT_EQ(error_of(kTwo),
              "drydock: DRYDOCK_EXECUTOR, entry 1 ('mial=serial'): there is no executor 'mial'. "
              "Did you mean 'mail'? Executors: default, mail.");
  }
  {
    const ScopedOverride environment("mail");
    EXPECT_EQ(error_of(kTwo),
              "drydock: DRYDOCK_EXECUTOR, entry 1 ('mail'): this is no override. Write name=kind, "
              "and a comma between two of them, as in \"mail=deferred,default=inline\".");
  }
  {
    const ScopedOverride environment("default=serial");
    EXPECT_THAT(error_of(kTwo), HasSubstr("executor 'default' of kind serial stands on another "
                                          "one, and has no `on`"));
  }
}

// --- kinds of one's own ---------------------------------------------------------------------

class RecordingExecutor : public Executor {
 public:
  explicit RecordingExecutor(int depth) : depth(depth) {}
  const int depth;

 protected:
  void do_submit(SubmittedJob job) override { job.run(); }
};

ExecutorsBuilder builder_with_mine() {
  ExecutorsBuilder builder;
  builder.register_kind(
      "mine",
      [](const ExecutorSettings& settings) -> absl::StatusOr<std::unique_ptr<Executor>> {
        const absl::StatusOr<int> depth = settings.integer("depth", 3);
        if (!depth.ok()) return depth.status();
        return std::make_unique<RecordingExecutor>(*depth);
      },
      {"depth"});
  return builder;
}

TEST(ExecutorsBuilderTest, KnowsKindsThatItIsGiven) {
  absl::StatusOr<Executors> executors = builder_with_mine().from_yaml(
      "executors: {a: {kind: mine}, b: {kind: mine, depth: 5}, c: {kind: serial, on: a}}");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(dynamic_cast<RecordingExecutor&>(executors->get("a")).depth, 3);
  EXPECT_EQ(dynamic_cast<RecordingExecutor&>(executors->get("b")).depth, 5);
  bool ran = false;
  executors->get("c").submit([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(ExecutorsBuilderTest, ErrorsOfAFactoryNameTheirPlace) {
  EXPECT_EQ(
      text_of(
          builder_with_mine().from_yaml("executors:\n  a: {kind: mine, depth: deep}\n").status()),
      "drydock: YAML text, line 2, column 26: `depth` of executor 'a' is 'deep', but must be "
      "a whole number of at least 0.");
}

TEST(ExecutorsBuilderTest, OverridesComeAfterTheEnvironment) {
  const ScopedOverride environment("mail=thread_pool");
  ExecutorsBuilder builder = builder_with_mine();
  builder.override_kinds("mail=mine", "--drydock_executor");
  absl::StatusOr<Executors> executors = builder.from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_NE(dynamic_cast<RecordingExecutor*>(&executors->get("mail")), nullptr);
}

TEST(ExecutorsBuilderTest, AKindThatIsKnownIsRefused) {
  ExecutorsBuilder builder;
  std::string message;
  try {
    builder.register_kind("serial", nullptr);
  } catch (const std::invalid_argument& error) {
    message = error.what();
  }
  EXPECT_EQ(message,
            "drydock: register_kind(): the kind 'serial' is known already. Give yours another "
            "name.");
}

}  // namespace
}  // namespace drydock
