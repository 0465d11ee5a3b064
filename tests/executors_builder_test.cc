// Executors that the code names itself, and kinds of the application's own.
#include "drydock/executors_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/config_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

// Runs each job at once, and counts how many of its kind there are.
class CallingThreadExecutor : public Executor {
 public:
  CallingThreadExecutor(int executor_depth, int& alive) : depth(executor_depth), alive_(alive) {
    ++alive_;
  }
  ~CallingThreadExecutor() override { --alive_; }
  const int depth;

 protected:
  void do_submit(SubmittedJob job) override { job.run(); }

 private:
  int& alive_;
};

class ExecutorsBuilderTest : public ConfigTest {
 protected:
  ExecutorsBuilderTest() {
    builder_.register_kind(
        "mine",
        [this](const ExecutorSettings& settings) -> absl::StatusOr<std::unique_ptr<Executor>> {
          ++made_;
          const absl::StatusOr<int> depth = settings.integer("depth", 3);
          if (!depth.ok()) return depth.status();
          if (settings.text("mood") == "bad") throw std::runtime_error("not today");
          return std::make_unique<CallingThreadExecutor>(*depth, alive_);
        },
        {"depth", "mood"},
        [](const ExecutorSettings& settings) {
          return settings.integer("depth", 3, 0, 1'000'000).status();
        });
  }

  static constexpr char kPool[] = "executors: {default: {kind: thread_pool}}";

  ExecutorsBuilder builder_;
  int made_ = 0;
  int alive_ = 0;
};

TEST_F(ExecutorsBuilderTest, MakesWhatTheCodeNames) {
  builder_.add("mail", "serial", {{"on", "default"}})
      .add("default", "thread_pool", {{"threads", 2}, {"max_queued", 50}});
  const absl::StatusOr<Executors> executors = builder_.build();
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "mail"));
  EXPECT_EQ(dynamic_cast<ThreadPoolExecutor&>(executors->get("default")).threads(), 2);
  EXPECT_EQ(dynamic_cast<SerialExecutor&>(executors->get("mail")).name(), "mail");
}

TEST_F(ExecutorsBuilderTest, AddsToThoseOfTheFile) {
  builder_.add("bulk", "serial", {{"on", "default"}});
  const absl::StatusOr<Executors> executors = builder_.from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "mail", "bulk"));
}

TEST_F(ExecutorsBuilderTest, BuildsAnyNumberOfTimes) {
  builder_.add("a", "mine");
  const absl::StatusOr<Executors> one = builder_.build();
  const absl::StatusOr<Executors> two = builder_.build();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(&one->get("a"), &two->get("a"));
}

TEST_F(ExecutorsBuilderTest, AnErrorNamesThePlaceInTheCode) {
  const SourceLocation where = SourceLocation::current();
  const std::string place = "drydock: " + where.to_string() + ": ";
  EXPECT_EQ(text_of(ExecutorsBuilder().add("a", "tread_pool", {}, where).build()),
            place +
                "unknown kind 'tread_pool' of executor 'a'. Did you mean 'thread_pool'? Valid "
                "kinds: serial, thread_pool.");
  EXPECT_EQ(text_of(ExecutorsBuilder().add("a", "thread_pool", {{"thread", 2}}, where).build()),
            place +
                "unknown key 'thread' of executor 'a', which is of kind thread_pool. Did you "
                "mean 'threads'? Valid keys: kind, threads, max_queued.");
  EXPECT_EQ(text_of(ExecutorsBuilder().add("a", "thread_pool", {{"threads", 0}}, where).build()),
            place +
                "`threads` of executor 'a' is '0', but must be a whole number of at least 1 "
                "and at most 10000.");
  EXPECT_EQ(text_of(ExecutorsBuilder()
                        .add("a", "thread_pool", {{"threads", 1}, {"threads", 2}}, where)
                        .build()),
            place + "executor 'a' has `threads` twice. Leave one out.");
  EXPECT_EQ(
      text_of(ExecutorsBuilder().add("a", "thread_pool", {{"kind", "serial"}}, where).build()),
      place + "executor 'a' has `kind` twice. Leave one out.");
  EXPECT_EQ(text_of(ExecutorsBuilder().add("", "thread_pool", {}, where).build()),
            place +
                "the name of an executor is '', but must be a word without a space and without "
                "any of \",=*\", which DRYDOCK_EXECUTOR gives a meaning.");
  EXPECT_EQ(text_of(ExecutorsBuilder().add("mail", "thread_pool", {}, where).from_yaml(kTwo)),
            place +
                "there are two executors 'mail'; the first is at YAML text, line 3, column 3. "
                "Give one of them another name.");
  const SourceLocation again = SourceLocation::current();
  EXPECT_EQ(text_of(ExecutorsBuilder()
                        .add("a", "thread_pool", {}, where)
                        .add("a", "thread_pool", {}, again)
                        .build()),
            "drydock: " + again.to_string() + ": there are two executors 'a'; the first is at " +
                where.to_string() + ". Give one of them another name.");
}

TEST_F(ExecutorsBuilderTest, SoDoesOneAboutWhatAnExecutorStandsOn) {
  const SourceLocation where = SourceLocation::current();
  const std::string place = "drydock: " + where.to_string() + ": ";
  EXPECT_EQ(text_of(ExecutorsBuilder().add("mail", "serial", {}, where).from_yaml(kPool)),
            place +
                "executor 'mail' of kind serial stands on another one, and has no `on` that names "
                "it. Other executors: default.");
  EXPECT_EQ(
      text_of(ExecutorsBuilder().add("mail", "serial", {{"on", "defalt"}}, where).from_yaml(kPool)),
      place +
          "executor 'mail' stands on 'defalt', but there is no such executor. Did you mean "
          "'default'? Other executors: default.");
  EXPECT_EQ(text_of(ExecutorsBuilder()
                        .add("a", "serial", {{"on", "b"}}, where)
                        .add("b", "serial", {{"on", "a"}})
                        .build()),
            place +
                "these executors stand on each other in a circle: a -> b -> a. Let one of them "
                "stand on a thread_pool.");
}

TEST_F(ExecutorsBuilderTest, KindsOfTestsAreRefusedWithTheReason) {
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(text_of(ExecutorsBuilder().add("mail", "deferred", {}, where).build()),
            "drydock: " + where.to_string() +
                ": kind 'deferred' of executor 'mail' is for tests: only a program that links "
                "drydock's test-only part and calls register_simulated_kinds() "
                "(drydock/simulated_kinds.h) knows it. Valid kinds here: serial, thread_pool.");
}

TEST_F(ExecutorsBuilderTest, WithoutAnyExecutorThereIsNothingToMake) {
  const absl::StatusOr<Executors> executors = ExecutorsBuilder().build();
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre());
}

TEST_F(ExecutorsBuilderTest, KnowsKindsThatItIsGiven) {
  const absl::StatusOr<Executors> executors = builder_.from_yaml(
      "executors: {a: {kind: mine}, b: {kind: mine, depth: 5}, c: {kind: serial, on: a}}");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(dynamic_cast<CallingThreadExecutor&>(executors->get("a")).depth, 3);
  EXPECT_EQ(dynamic_cast<CallingThreadExecutor&>(executors->get("b")).depth, 5);
  bool ran = false;
  executors->get("c").submit([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST_F(ExecutorsBuilderTest, AKindOfItsOwnCanStandOnAnother) {
  Executor* base = nullptr;
  builder_.register_kind(
      "strand",
      [&base](const ExecutorSettings& settings) -> absl::StatusOr<std::unique_ptr<Executor>> {
        base = &settings.base();
        return std::make_unique<SerialExecutor>(settings.base(), settings.name());
      },
      {"on"});
  const absl::StatusOr<Executors> executors =
      builder_.from_yaml("executors: {b: {kind: strand, on: a}, a: {kind: mine}}");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(base, &executors->get("a"));
  EXPECT_EQ(text_of(builder_.from_yaml("executors:\n  b: {kind: strand}\n")),
            "drydock: YAML text, line 2, column 13: executor 'b' of kind strand stands on another "
            "one, and has no `on` that names it. Other executors: none.");
}

TEST_F(ExecutorsBuilderTest, NothingIsMadeWhereAnythingIsWrong) {
  EXPECT_EQ(text_of(builder_.from_yaml("executors:\n"
                                       "  a: {kind: mine}\n"
                                       "  b: {kind: mine, depth: deep}\n")),
            "drydock: YAML text, line 3, column 26: `depth` of executor 'b' is 'deep', but must be "
            "a whole number of at least 0 and at most 1000000.");
  EXPECT_EQ(text_of(builder_.from_yaml("executors: {a: {kind: mine}, b: {kind: serial, on: b}}")),
            "drydock: YAML text, line 1, column 52: these executors stand on each other in a "
            "circle: b -> b. Let one of them stand on a thread_pool.");
  EXPECT_EQ(made_, 0);
}

TEST_F(ExecutorsBuilderTest, WhatWasMadeIsDestroyedWhereAFactoryFails) {
  EXPECT_EQ(text_of(builder_.from_yaml("executors:\n"
                                       "  a: {kind: mine}\n"
                                       "  b: {kind: mine, mood: bad}\n")),
            "drydock: YAML text, line 3, column 3: executor 'b' of kind mine cannot be made: not "
            "today");
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(alive_, 0);
}

TEST_F(ExecutorsBuilderTest, AFactoryThatMakesNothingIsNamed) {
  builder_.register_kind(
      "none", [](const ExecutorSettings&) -> std::unique_ptr<Executor> { return nullptr; });
  EXPECT_EQ(text_of(builder_.from_yaml("executors: {a: {kind: none}}")),
            "drydock: YAML text, line 1, column 13: executor 'a' of kind none cannot be made: its "
            "factory returned no executor.");
}

TEST_F(ExecutorsBuilderTest, AKindThatIsKnownIsRefused) {
  std::string message;
  try {
    builder_.register_kind("serial", nullptr);
  } catch (const std::invalid_argument& error) {
    message = error.what();
  }
  EXPECT_EQ(message,
            "drydock: register_kind(): the kind 'serial' is known already. Give yours another "
            "name.");
}

}  // namespace
}  // namespace drydock
