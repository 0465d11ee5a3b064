// Jobs of thread pools, adapters and strands on these stand in the journal of the sandbox whose
// test submitted them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/executor_errors.h"
#include "drydock/finding.h"
#include "drydock/function_executor.h"
#include "drydock/journal.h"
#include "drydock/sandbox.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/trace.h"
#include "drydock/wait_idle.h"
#include "tests/job_gate.h"
#include "tests/plain_executor.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Hours(1);
const SourceLocation kSite = SourceLocation::current();

class OutsideJobsTest : public SandboxFixture {
 protected:
  Journal& journal() { return sandbox_.simulation().journal(); }

  // "submitted 'mail' #1 on 'pool'", without those of transactions.
  std::vector<std::string> events() {
    std::vector<std::string> lines;
    for (const Event& event : journal().events()) {
      if (!event.job) continue;
      std::ostringstream line;
      line << to_string(event.kind) << " '" << event.name << "' " << event.job << " on '"
           << event.executor << "'";
      lines.push_back(line.str());
    }
    return lines;
  }

  ThreadPoolExecutor pool_{{.threads = 1, .name = "pool", .on_failure = [](const JobFailure&) {}}};
  Sandbox sandbox_{test_database()};
};

TEST_F(OutsideJobsTest, AnEventOfAPoolsThreadCanBeWaitedFor) {
  pool_.submit({.name = "fsm"}, [this] { add_user(sandbox_.database(), "ada@example.org"); });
  EXPECT_EQ(journal().wait_for(finished("fsm"), kLong), absl::OkStatus());
  EXPECT_EQ(count_users(sandbox_.database()), 1);
  EXPECT_THAT(events(), ElementsAre("submitted 'fsm' #1 on 'pool'", "started 'fsm' #1 on 'pool'",
                                    "finished 'fsm' #1 on 'pool'"));
  EXPECT_EQ(journal().happened_before(started("fsm"), finished("fsm")), absl::OkStatus());
}

TEST_F(OutsideJobsTest, SayWhereTheyWereSubmittedAndOnWhichExecutor) {
  pool_.submit([] {}, kSite);
  ASSERT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  std::ostringstream text;
  text << journal().events().at(1);
  EXPECT_EQ(text.str(), "00:00:00.000 started '" + kSite.short_name() + "' #1 on 'pool' at " +
                            kSite.to_string());
}

TEST_F(OutsideJobsTest, AFailureIsOneInTheJournalToo) {
  pool_.submit({.name = "mail"}, [] { throw std::runtime_error("no server"); });
  EXPECT_EQ(journal().wait_for(failed("mail"), kLong), absl::OkStatus());
}

TEST_F(OutsideJobsTest, HasEndedWhenWhatItOwnsIsGone) {
  Log log;
  pool_.submit({.name = "mail"}, [owned = witness(log, "gone")] {});
  EXPECT_EQ(journal().wait_for(finished("mail"), kLong), absl::OkStatus());
  EXPECT_THAT(log.entries(), ElementsAre("gone"));
}

TEST_F(OutsideJobsTest, OneThatIsTakenBackIsCancelled) {
  Gate gate(pool_);
  EXPECT_TRUE(pool_.cancel(pool_.submit({.name = "mail"}, [] {})));
  EXPECT_EQ(journal().count({Event::kCancelled, "mail"}), 1U);
  EXPECT_EQ(journal().count(started("mail")), 0U);
}

TEST_F(OutsideJobsTest, OneThatIsRefusedIsCancelled) {
  ThreadPoolExecutor small({.threads = 1, .max_queued = 1, .name = "small"});
  Gate gate(small);
  small.submit([] {});
  EXPECT_THROW(small.submit({.name = "mail"}, [] {}), QueueFullError);
  EXPECT_EQ(journal().count({Event::kCancelled, "mail"}), 1U);
}

TEST_F(OutsideJobsTest, EachRunOfARecurringJobIsOne) {
  std::promise<void> second;
  const JobId id =
      pool_.submit_every({.name = "poll"}, absl::Milliseconds(1), [&, runs = 0]() mutable {
        if (++runs == 2) second.set_value();
      });
  second.get_future().wait();
  EXPECT_TRUE(pool_.cancel(id));
  pool_.shutdown();
  EXPECT_GE(journal().count(finished("poll")), 2U);
  EXPECT_EQ(journal().count(submitted("poll")),
            journal().count(finished("poll")) + journal().count({Event::kCancelled, "poll"}));
}

TEST_F(OutsideJobsTest, OfAStrandOnAPoolStandOnce) {
  SerialExecutor strand(pool_, "mailbox");
  strand.submit({.name = "first"}, [] {});
  strand.submit({.name = "second", .delay = absl::Microseconds(1)}, [] {});
  EXPECT_EQ(journal().wait_for(finished("second"), kLong), absl::OkStatus());
  EXPECT_EQ(journal().count({Event::kSubmitted}), 2U);
  EXPECT_EQ(journal().count({Event::kStarted}), 2U);
  EXPECT_EQ(journal().count({Event::kFinished}), 2U);
}

TEST_F(OutsideJobsTest, OfAStrandOnAnAdapterStandOnceAndFromTheirSubmitOn) {
  std::vector<Job> handed_over;
  FunctionExecutor adapter([&](Job job) { handed_over.push_back(std::move(job)); },
                           {.name = "loop"});
  SerialExecutor strand(adapter, "mailbox");
  strand.submit({.name = "first"}, [] {});
  strand.submit({.name = "second"}, [] {});
  for (std::size_t i = 0; i < handed_over.size(); ++i) {
    Job job = std::move(handed_over[i]);
    std::move(job)();
  }
  EXPECT_THAT(events(),
              ElementsAre("submitted 'first' #1 on 'mailbox'", "submitted 'second' #2 on 'mailbox'",
                          "started 'first' #1 on 'mailbox'", "finished 'first' #1 on 'mailbox'",
                          "started 'second' #2 on 'mailbox'", "finished 'second' #2 on 'mailbox'"));
}

TEST_F(OutsideJobsTest, ADelayedOneOfAStrandOnAnAdapterStandsOnce) {
  FunctionExecutor adapter([&](Job job) { std::move(job)(); }, {.name = "loop"});
  SerialExecutor strand(adapter, "mailbox");
  strand.submit({.name = "later", .delay = absl::Microseconds(1)}, [] {});
  EXPECT_EQ(journal().wait_for(finished("later"), kLong), absl::OkStatus());
  EXPECT_THAT(events(),
              ElementsAre("submitted 'later' #1 on 'mailbox'", "started 'later' #1 on 'mailbox'",
                          "finished 'later' #1 on 'mailbox'"));
}

// The strand's base runs its jobs inside of the strand's own submit.
TEST_F(OutsideJobsTest, OfAJobThatAStrandRunsAtItsSubmitStandToo) {
  CallingThreadExecutor base;
  SerialExecutor strand(base, "mailbox");
  strand.submit({.name = "outer"}, [&] { pool_.submit({.name = "inner"}, [] {}); });
  EXPECT_EQ(journal().wait_for(finished("inner"), kLong), absl::OkStatus());
  EXPECT_EQ(journal().count(finished("outer")), 1U);
}

TEST_F(OutsideJobsTest, AStrandsJobThatSubmitsInATransactionIsFoundWhereverItRuns) {
  CallingThreadExecutor base;
  SerialExecutor strand(base, "mailbox");
  strand.submit({.name = "outer"}, [&] {
    sandbox_.database().transact([&](Transaction&) { pool_.submit({.name = "inner"}, [] {}); });
  });
  const std::vector<Finding> findings = sandbox_.simulation().findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Finding::kSubmittedInTransaction);
}

TEST_F(OutsideJobsTest, StandBetweenTheJobsOfTheSimulation) {
  DeferredExecutor deferred(sandbox_.simulation(), "deferred");
  FunctionExecutor adapter([](Job job) { std::move(job)(); }, {.name = "here"});
  deferred.submit({.name = "a"}, [&] { adapter.submit({.name = "x"}, [] {}); });
  deferred.submit({.name = "b"}, [] {});
  deferred.drain();
  EXPECT_THAT(events(), ElementsAre("submitted 'a' #1 on ''", "submitted 'b' #2 on ''",
                                    "started 'a' #1 on ''", "submitted 'x' #1 on 'here'",
                                    "started 'x' #1 on 'here'", "finished 'x' #1 on 'here'",
                                    "finished 'a' #1 on ''", "started 'b' #2 on ''",
                                    "finished 'b' #2 on ''"));
}

TEST_F(OutsideJobsTest, AreThoseOfTheTestThatSubmittedThemOnly) {
  Sandbox other(test_database());
  pool_.submit({.name = "mail"}, [] {});
  ASSERT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(other.simulation().journal().count(finished("mail")), 1U);
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_EQ(other.finish().status(), absl::OkStatus());
}

// The driver, which waits, would never run the simulation's.
TEST_F(OutsideJobsTest, AWaitIsNotRefusedWhereAPoolHasAJobOfThatName) {
  DeferredExecutor deferred(sandbox_.simulation());
  deferred.submit({.name = "mail"}, [] {});
  Gate gate(pool_);
  pool_.submit({.name = "mail"}, [] {});
  gate.open();
  EXPECT_EQ(journal().wait_for(finished("mail"), kLong), absl::OkStatus());
  deferred.drain();
}

TEST_F(OutsideJobsTest, StandInTheTraceWithTheirExecutorAndAnArrowOfTheirOwn) {
  pool_.submit({.name = "mail"}, [] {});
  ASSERT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  const std::string trace = to_chrome_trace(journal());
  EXPECT_THAT(trace, HasSubstr("\"job\":1,\"executor\":\"pool\""));
  EXPECT_THAT(trace, HasSubstr("\"id\":\"pool 1\",\"ph\":\"s\""));
  EXPECT_THAT(trace, HasSubstr("\"id\":\"pool 1\",\"ph\":\"f\""));
}

}  // namespace
}  // namespace drydock
