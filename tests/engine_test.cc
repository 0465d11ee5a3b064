// What the engine does while a transaction is open. The sandbox opens them; here the tests do.
#include "src/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/misuse_error.h"
#include "src/transaction_mark.h"

namespace drydock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// As a sandbox's, without the sandbox.
class OpenTransaction final : public TransactionMark {
 public:
  using TransactionMark::TransactionMark;

 private:
  void note_submit(const SubmittedJob&) const override {}
};

class EngineTest : public ::testing::Test {
 protected:
  JobId submit(int lane, std::string name, Job job,
               SourceLocation where = SourceLocation::current()) {
    const JobId id = engine_.job_ids().next();
    engine_.submit(lane, SubmittedJob(id, {.name = std::move(name)}, std::move(job), where));
    return id;
  }

  Engine engine_;
  const int inline_lane_ = engine_.add_lane(Lane::kInline, "inline");
  const int deferred_lane_ = engine_.add_lane(Lane::kDeferred, "deferred");
};

TEST_F(EngineTest, HoldsAnInlineJobUntilTheTransactionEnds) {
  std::vector<std::string> log;
  {
    const OpenTransaction transaction(engine_, SourceLocation::current());
    submit(inline_lane_, "a", [&] { log.push_back("a"); });
    submit(inline_lane_, "b", [&] { log.push_back("b"); });
    EXPECT_THAT(log, IsEmpty());
    EXPECT_THAT(engine_.pending(),
                ElementsAre(Field(&PendingJob::reason, PendingJob::kAwaitingCommit),
                            Field(&PendingJob::reason, PendingJob::kAwaitingCommit)));
    EXPECT_THAT(
        std::string(engine_.check().message()),
        HasSubstr("\n  In production they would run. Before the test ends let the transaction end "
                  "that holds what awaits its commit; take back what must not run with "
                  "cancel(); or allow it: sandbox.allow(drydock::Finding::kUndrained)."));
  }
  engine_.run_inline();
  EXPECT_THAT(log, ElementsAre("a", "b"));
}

TEST_F(EngineTest, RunsWhatATransactionHeldBeforeALaterSubmit) {
  std::vector<std::string> log;
  {
    const OpenTransaction transaction(engine_, SourceLocation::current());
    submit(inline_lane_, "held", [&] { log.push_back("held"); });
  }
  submit(inline_lane_, "later", [&] { log.push_back("later"); });
  EXPECT_THAT(log, ElementsAre("held", "later"));
}

TEST_F(EngineTest, HoldsNothingOfAnotherThread) {
  const OpenTransaction transaction(engine_, SourceLocation::current());
  bool ran = false;
  std::thread([&] { submit(inline_lane_, "", [&] { ran = true; }); }).join();
  EXPECT_TRUE(ran);
  EXPECT_THAT(engine_.findings(), IsEmpty());
}

TEST_F(EngineTest, FindsASubmitInAnTransactionMark) {
  const SourceLocation transaction_place = SourceLocation::current();
  const SourceLocation where = SourceLocation::current();
  for (const int lane : {inline_lane_, deferred_lane_}) {
    const OpenTransaction transaction(engine_, transaction_place);
    const JobId id = submit(
        lane, "send_confirmation", [] {}, where);
    const std::vector<Finding> findings = engine_.findings();
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings.back().kind, Finding::kSubmittedInTransaction);
    EXPECT_EQ(findings.back().job, id);
    EXPECT_EQ(findings.back().where, where);
    EXPECT_EQ(
        findings.back().message,
        "job 'send_confirmation' was submitted at " + where.to_string() +
            " while the transaction opened at " + transaction_place.to_string() +
            " was open.\n  In production the job may run before that transaction commits and "
            "find nothing, or run although it rolls back.\n  Submit it with the transaction: "
            "transaction.submit(executor, {.name = \"send_confirmation\"}, job); or submit it "
            "after transact() has returned.\n  If the job needs nothing that the transaction "
            "writes: sandbox.allow(drydock::Finding::kSubmittedInTransaction).");
  }
  EXPECT_THAT(engine_.findings(), SizeIs(2));
  engine_.allow(Finding::kSubmittedInTransaction);
  EXPECT_THAT(engine_.findings(), IsEmpty());
}

TEST_F(EngineTest, RefusesToBeDrivenInAnTransactionMark) {
  const SourceLocation place = SourceLocation::current();
  const auto misuse = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const MisuseError& e) {
      return e.what();
    }
    return "no MisuseError";
  };
  const auto text = [&](const std::string& call) {
    return "drydock: " + call + " was called while the transaction opened at " + place.to_string() +
           " was open. In production no job would see what it has written yet. Call " + call +
           " after transact() has returned.";
  };
  const OpenTransaction transaction(engine_, place);
  EXPECT_EQ(misuse([&] { engine_.drain({}, std::nullopt, "drain()"); }), text("drain()"));
  EXPECT_EQ(misuse([&] { engine_.run_one(deferred_lane_); }), text("run_one()"));
  EXPECT_EQ(misuse([&] { engine_.advance_by(absl::Seconds(1), {}); }), text("advance_by()"));
  EXPECT_EQ(misuse([&] { engine_.advance_to_next({}); }), text("advance_to_next()"));
}

TEST_F(EngineTest, StopsInlineJobsThatSubmitThemselvesForEver) {
  engine_.set_most_inline_spawned(5);
  const SourceLocation where = SourceLocation::current();
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    submit(
        inline_lane_, "again", [&] { again(); }, where);
  };
  submit(
      inline_lane_, "again", [&] { again(); }, where);
  EXPECT_EQ(runs, 6);
  ASSERT_THAT(engine_.findings(), SizeIs(1));
  EXPECT_EQ(engine_.findings()[0].kind, Finding::kRunaway);
  EXPECT_EQ(engine_.findings()[0].message,
            "the inline executor stopped: inline jobs had submitted 5 more inline jobs in one go.\n"
            "  The chain repeats: 'again' (submitted at " +
                where.to_string() +
                ") -> and again.\n"
                "  Next would be 'again', submitted at " +
                where.to_string() +
                ".\n  A job that submits itself again keeps an inline executor busy for ever. Give "
                "it a delay and step with advance_by(), or give the code under test a "
                "DeferredExecutor, which runs single jobs with run_one().");
  engine_.discard_pending();
}

TEST_F(EngineTest, MakesOneFindingOfAllThatIsPending) {
  engine_.find_undrained();
  EXPECT_THAT(engine_.findings(), IsEmpty());
  const SourceLocation where = SourceLocation::current();
  const JobId id = submit(
      deferred_lane_, "send", [] {}, where);
  engine_.find_undrained();
  ASSERT_THAT(engine_.findings(), SizeIs(1));
  EXPECT_EQ(engine_.findings()[0].kind, Finding::kUndrained);
  EXPECT_EQ(engine_.findings()[0].job, id);
  EXPECT_EQ(engine_.findings()[0].message,
            "1 job was pending at the end of the test:\n"
            "  job 'send' (#1, submitted at " +
                where.to_string() +
                "): queued, on executor 'deferred'\n"
                "  In production they would run. Before the test ends run what is due with "
                "drain(); take back what must not run with cancel(); or allow it: "
                "sandbox.allow(drydock::Finding::kUndrained).");
  EXPECT_EQ(engine_.check().message(),
            "drydock finding kUndrained: " + engine_.findings()[0].message);
}

TEST_F(EngineTest, KeepsAFailureThatIsAddedFromOutside) {
  JobRun failure;
  failure.name = "hook";
  engine_.add_failure(failure);
  EXPECT_THAT(engine_.take_failures(), ElementsAre(Field(&JobRun::name, "hook")));
}

TEST_F(EngineTest, WritesEventsThatAreNotAJobsIntoTheJournal) {
  const SourceLocation where = SourceLocation::current();
  engine_.note(Event::kTransactionBegan, "signup", where);
  const std::vector<Event> events = engine_.journal().events();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].kind, Event::kTransactionBegan);
  EXPECT_EQ(events[0].name, "signup");
  EXPECT_EQ(events[0].where, where);
}

TEST_F(EngineTest, LetsGoOfPendingClosuresWhenAsked) {
  auto owned = std::make_shared<int>(0);
  submit(deferred_lane_, "send", [owned] {});
  engine_.discard_pending();
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_THAT(engine_.pending(), IsEmpty());
  EXPECT_EQ(engine_.pending_count(deferred_lane_), 0U);
}

TEST_F(EngineTest, AsksWhatEachDeliveryHasChanged) {
  std::vector<int> asked;
  engine_.set_delivery_observer([&](int deliveries) -> std::string {
    asked.push_back(deliveries);
    return deliveries == 2 ? " changed the table mails" : "";
  });
  const SourceLocation where = SourceLocation::current();
  const JobId id = engine_.job_ids().next();
  engine_.submit(deferred_lane_, SubmittedJob(id, {.name = "send"}, make_job([] {}), where));
  engine_.drain({.deliveries = 2}, std::nullopt, "drain()");
  EXPECT_THAT(asked, ElementsAre(0, 1, 2));
  ASSERT_THAT(engine_.findings(), SizeIs(1));
  EXPECT_EQ(engine_.findings()[0].kind, Finding::kNotIdempotent);
  EXPECT_EQ(engine_.findings()[0].message.substr(0, engine_.findings()[0].message.find('\n')),
            "job 'send', submitted at " + where.to_string() +
                ", was delivered more than once, and run 2 changed the table mails.");
}

}  // namespace
}  // namespace drydock::internal
