// Commits that fail because the test asks for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <stdexcept>
#include <string>

#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::SizeIs;

void add_ada(Transaction& tx) { tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')"); }

class SandboxInjectionTest : public EveryStrategy {};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxInjectionTest);

TEST_P(SandboxInjectionTest, lets_a_retry_succeed) {
  Sandbox sandbox(test_database(), with());
  sandbox.fail_next_commit(Injected::kSerializationFailure);
  sandbox.fail_next_commit(Injected::kDeadlock);
  int bodies = 0;
  int hooks = 0;
  sandbox.database().transact({.max_attempts = 3}, [&](Transaction& tx) {
    ++bodies;
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
    tx.on_commit([&] { ++hooks; });
  });
  EXPECT_EQ(bodies, 3);
  EXPECT_EQ(hooks, 1);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxInjectionTest, throws_what_libpqxx_throws_when_no_attempt_is_left) {
  Sandbox sandbox(test_database(), with());
  sandbox.fail_next_commit(Injected::kSerializationFailure, {.times = 2});
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(text_of<pqxx::serialization_failure>(
                [&] { sandbox.database().transact({.max_attempts = 2}, add_ada, where); }),
            "drydock: could not serialize access due to concurrent update at the commit of the "
            "transact at " +
                where.to_string() +
                " (injected by fail_next_commit(Injected::kSerializationFailure))");
  sandbox.fail_next_commit(Injected::kDeadlock);
  EXPECT_EQ(text_of<pqxx::deadlock_detected>(
                [&] { sandbox.database().transact({.max_attempts = 1}, add_ada, where); }),
            "drydock: deadlock detected at the commit of the transact at " + where.to_string() +
                " (injected by fail_next_commit(Injected::kDeadlock))");
  EXPECT_EQ(count_users(sandbox.database()), 0);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxInjectionTest, loses_the_connection_for_one_transaction) {
  Sandbox sandbox(test_database(), with());
  sandbox.fail_next_commit(Injected::kConnectionLost);
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(text_of<pqxx::broken_connection>([&] { sandbox.database().transact(add_ada, where); }),
            "drydock: the connection was lost at the commit of the transact at " +
                where.to_string() + " (injected by fail_next_commit(Injected::kConnectionLost))");
  EXPECT_EQ(count_users(sandbox.database()), 0);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxInjectionTest, says_that_a_commit_in_doubt_was_injected) {
  Sandbox sandbox(test_database(), with());
  const SourceLocation where = SourceLocation::current();
  const auto text = [&] {
    return text_of<pqxx::in_doubt_error>([&] { sandbox.database().transact(add_ada, where); });
  };
  const std::string lost =
      "drydock: the connection was lost at the commit of the transact at " + where.to_string();
  sandbox.fail_next_commit(Injected::kInDoubtRolledBack);
  EXPECT_EQ(text(), lost + " (injected by fail_next_commit(Injected::kInDoubtRolledBack))");
  sandbox.fail_next_commit(Injected::kInDoubt);
  EXPECT_EQ(text(), lost + " (injected by fail_next_commit(Injected::kInDoubt))");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxInjectionTest, leaves_a_commit_in_doubt_that_has_happened_or_has_not) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  sandbox.fail_next_commit(Injected::kInDoubt);
  const auto add = [&](Transaction& tx) {
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
    tx.submit(executor, {.name = "mail"}, [] {});
  };
  EXPECT_THROW(sandbox.database().transact(add), pqxx::in_doubt_error);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  EXPECT_EQ(executor.pending_count(), 0);
  EXPECT_EQ(sandbox.simulation().journal().count(dropped("mail")), 1);

  sandbox.fail_next_commit(Injected::kInDoubtRolledBack);
  EXPECT_THROW(add_user(sandbox.database(), "bob@example.org"), pqxx::in_doubt_error);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxInjectionTest, fails_only_the_job_and_the_place_that_are_named) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  sandbox.fail_next_commit(Injected::kConnectionLost, {.job = "mail"});
  sandbox.fail_next_commit(Injected::kDeadlock, {.skip = 1, .transact = "sandbox_fixture.h"});
  executor.submit({.name = "bill"}, [&] { count_users(sandbox.database()); });
  executor.submit({.name = "mail"}, [&] { sandbox.database().transact([](Transaction&) {}); });
  executor.drain();
  const std::vector<JobRun> failures = sandbox.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].name, "mail");
  EXPECT_THROW(count_users(sandbox.database()), pqxx::deadlock_detected);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxInjectionTest, fails_a_test_that_does_not_reach_its_injection) {
  Sandbox sandbox(test_database(), with());
  const int line = __LINE__ + 1;
  sandbox.fail_next_commit(Injected::kInDoubt, {.times = 2, .job = "mail"});
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.breaches, SizeIs(1));
  EXPECT_EQ(report.breaches[0],
            "fail_next_commit(Injected::kInDoubt) at tests/sandbox_injection_test.cc:" +
                std::to_string(line) +
                " was to fail 2 more commits of the job 'mail', but none came. A test that injects "
                "a failure has to reach it.");
}

TEST_P(SandboxInjectionTest, refuses_counts_that_mean_nothing) {
  Sandbox sandbox(test_database(), with());
  EXPECT_THROW(sandbox.fail_next_commit(Injected::kInDoubt, {.times = 0}), std::invalid_argument);
  EXPECT_THROW(sandbox.fail_next_commit(Injected::kInDoubt, {.skip = -1}), std::invalid_argument);
}

}  // namespace
}  // namespace drydock
