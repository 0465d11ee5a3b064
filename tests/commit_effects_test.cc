// What happens after a commit: order, marks, failures.
#include "src/commit_effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/executor.h"

namespace drydock::internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CallingThreadExecutor : public Executor {
 public:
  std::vector<std::string> names;
  std::vector<SourceLocation> places;

 private:
  void do_submit(SubmittedJob job) override {
    names.push_back(job.name());
    places.push_back(job.where());
    job.run();
  }
};

class FullExecutor : public Executor {
  void do_submit(SubmittedJob) override { throw std::runtime_error("the queue is full"); }
};

class Recorder : public CommitEffectsObserver {
 public:
  void effect_added(CommitEffect& effect) override { add("added ", effect); }
  void effect_dropped(const CommitEffect& effect) override { add("dropped ", effect); }
  void effect_started(const CommitEffect& effect) override { add("started ", effect); }
  std::vector<std::string> seen;

 private:
  void add(const std::string& what, const CommitEffect& effect) {
    seen.push_back(what + (effect.options.name.empty() ? "hook" : effect.options.name));
  }
};

class CommitEffectsTest : public ::testing::Test {
 protected:
  void add_hook(CommitEffects& effects, const std::string& text) {
    effects.add_hook([this, text] { ran_.push_back(text); }, SourceLocation::current());
  }
  void run(CommitEffects& effects) {
    effects.run([this](const HookFailure& failure) { failures_.push_back(failure); });
  }

  std::vector<std::string> ran_;
  std::vector<HookFailure> failures_;
};

TEST_F(CommitEffectsTest, RunInTheOrderOfTheCallsHooksAndSubmitsAlike) {
  CallingThreadExecutor executor;
  CommitEffects effects(SourceLocation::current());
  add_hook(effects, "first");
  effects.add_submit(
      executor, {.name = "job"}, [this] { ran_.push_back("job"); }, SourceLocation::current());
  add_hook(effects, "last");
  run(effects);
  EXPECT_THAT(ran_, ElementsAre("first", "job", "last"));
  EXPECT_THAT(failures_, IsEmpty());
  EXPECT_TRUE(effects.empty());
}

TEST_F(CommitEffectsTest, AJobKeepsItsNameAndThePlaceOfItsSubmit) {
  CallingThreadExecutor executor;
  CommitEffects effects(SourceLocation::current());
  const SourceLocation where = SourceLocation::current();
  effects.add_submit(
      executor, {.name = "named"}, [] {}, where);
  effects.add_submit(
      executor, {}, [] {}, where);
  run(effects);
  EXPECT_THAT(executor.names, ElementsAre("named", where.short_name()));
  EXPECT_THAT(executor.places, ElementsAre(where, where));
}

TEST_F(CommitEffectsTest, ARollbackToAMarkDropsOnlyWhatCameAfterIt) {
  Recorder recorder;
  CallingThreadExecutor executor;
  CommitEffects effects(SourceLocation::current(), &recorder);
  add_hook(effects, "kept");
  const CommitEffects::Mark mark = effects.mark();
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = owned;
  effects.add_submit(
      executor, {.name = "a"}, [owned = std::move(owned)] {}, SourceLocation::current());
  effects.add_submit(
      executor, {.name = "b"}, [] {}, SourceLocation::current());
  effects.drop_from(mark);
  EXPECT_TRUE(alive.expired());
  run(effects);
  EXPECT_THAT(ran_, ElementsAre("kept"));
  EXPECT_THAT(executor.names, IsEmpty());
  EXPECT_THAT(recorder.seen, ElementsAre("added hook", "added a", "added b", "dropped a",
                                         "dropped b", "started hook"));
}

TEST_F(CommitEffectsTest, AHookThatThrowsIsReportedAndTheOthersRun) {
  const SourceLocation transaction = SourceLocation::current();
  CommitEffects effects(transaction);
  const SourceLocation where = SourceLocation::current();
  effects.add_hook([] { throw std::runtime_error("no such counter"); }, where);
  add_hook(effects, "next");
  run(effects);
  EXPECT_THAT(ran_, ElementsAre("next"));
  ASSERT_EQ(failures_.size(), 1U);
  EXPECT_EQ(failures_[0].kind, HookFailure::Kind::kHook);
  EXPECT_THAT(failures_[0].message(),
              AllOf(HasSubstr("the on_commit hook of " + where.to_string() + " threw"),
                    HasSubstr("The transact at " + transaction.to_string() + " is committed"),
                    HasSubstr("no such counter")));
}

TEST_F(CommitEffectsTest, AJobThatTheExecutorRefusesIsReported) {
  FullExecutor executor;
  CommitEffects effects(SourceLocation::current());
  const SourceLocation where = SourceLocation::current();
  effects.add_submit(
      executor, {.name = "mail"}, [] {}, where);
  add_hook(effects, "next");
  run(effects);
  EXPECT_THAT(ran_, ElementsAre("next"));
  ASSERT_EQ(failures_.size(), 1U);
  EXPECT_EQ(failures_[0].kind, HookFailure::Kind::kSubmit);
  EXPECT_EQ(failures_[0].job_name, "mail");
  EXPECT_THAT(
      failures_[0].message(),
      AllOf(HasSubstr("the job 'mail', submitted in the transaction at " + where.to_string()),
            HasSubstr("was not taken by its executor and will not run"),
            HasSubstr("the queue is full")));
}

TEST_F(CommitEffectsTest, AHandlerThatThrowsStopsNothing) {
  CommitEffects effects(SourceLocation::current());
  effects.add_hook([] { throw std::runtime_error("hook"); }, SourceLocation::current());
  add_hook(effects, "next");
  ::testing::internal::CaptureStderr();
  effects.run([](const HookFailure&) { throw std::runtime_error("handler"); });
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("hook"), HasSubstr("the handler of that failure threw")));
  EXPECT_THAT(ran_, ElementsAre("next"));
}

TEST_F(CommitEffectsTest, AnEmptyHookOrJobIsRefusedAtTheCall) {
  CallingThreadExecutor executor;
  CommitEffects effects(SourceLocation::current());
  const SourceLocation where = SourceLocation::current();
  try {
    effects.add_hook(nullptr, where);
    FAIL() << "nothing thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("on_commit() at " + where.to_string() + " is empty"));
  }
  try {
    effects.add_submit(executor, {}, nullptr, where);
    FAIL() << "nothing thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("submit() at " + where.to_string() + " is empty"));
  }
  EXPECT_TRUE(effects.empty());
}

}  // namespace
}  // namespace drydock::internal
