// What runs after a commit in a sandbox: on_commit hooks, and what they do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/sandbox.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class SandboxHooksTest : public EveryStrategy {};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxHooksTest);

TEST_P(SandboxHooksTest, runs_hooks_in_order_after_the_commit) {
  Sandbox sandbox(test_database(), with());
  std::vector<std::string> seen;
  sandbox.database().transact([&](Transaction& tx) {
    tx.on_commit([&] { seen.push_back("first"); });
    tx.on_commit(
        [&] { seen.push_back("users: " + std::to_string(count_users(sandbox.database()))); });
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
    seen.push_back("body");
  });
  EXPECT_THAT(seen, ElementsAre("body", "first", "users: 1"));
}

TEST_P(SandboxHooksTest, drops_hooks_and_submits_of_what_rolls_back) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  bool ran = false;
  EXPECT_THROW(sandbox.database().transact([&](Transaction& tx) {
    tx.on_commit([&] { ran = true; });
    tx.submit(executor, {.name = "mail"}, [&] { ran = true; });
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(executor.pending_count(), 0);
  EXPECT_FALSE(ran);
  EXPECT_EQ(sandbox.simulation().journal().count(dropped("mail")), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxHooksTest, makes_a_failure_of_a_hook_that_throws_and_runs_the_others) {
  Sandbox sandbox(test_database(), with());
  const SourceLocation hook = SourceLocation::current();
  const SourceLocation where = SourceLocation::current();
  std::vector<std::string> ran;
  sandbox.database().transact(
      [&](Transaction& tx) {
        tx.on_commit([&] { ran.push_back("before"); });
        tx.on_commit([] { throw std::runtime_error("no printer"); }, hook);
        tx.on_commit([&] { ran.push_back("after"); });
      },
      where);
  EXPECT_THAT(ran, ElementsAre("before", "after"));
  const std::vector<JobRun> failures = sandbox.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].name, "on_commit hook");
  EXPECT_EQ(failures[0].where, hook);
  EXPECT_EQ(failures[0].error, "drydock: the on_commit hook of " + hook.to_string() +
                                   " threw. The transact at " + where.to_string() +
                                   " is committed all the same. std::runtime_error: no printer");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

// As code after the transact would.
TEST_P(SandboxHooksTest, may_open_transactions_and_submit_jobs) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  std::vector<std::string> seen;
  const auto count = [&](const std::string& who) {
    seen.push_back(who + " sees " + std::to_string(count_users(sandbox.database())));
  };
  sandbox.database().transact([&](Transaction& tx) {
    tx.on_commit([&] {
      add_user(sandbox.database(), "bob@example.org");
      sandbox.database().transact([&](Transaction& own) {
        own->exec("INSERT INTO users (email) VALUES ('eve@example.org')");
        own.submit(executor, [&] { count("the job of its transaction"); });
        own.on_commit([&] { count("its own hook"); });
      });
      executor.submit([&] { count("its job"); });
    });
    tx.on_commit([&] { count("the next hook"); });
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
  });
  EXPECT_EQ(executor.drain().status(), absl::OkStatus());
  EXPECT_THAT(seen, ElementsAre("its own hook sees 3", "the next hook sees 3",
                                "the job of its transaction sees 3", "its job sees 3"));
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxHooksTest, may_submit_jobs_that_run_at_once) {
  Sandbox sandbox(test_database(), with());
  InlineExecutor executor(sandbox.simulation());
  std::vector<std::string> seen;
  sandbox.database().transact([&](Transaction& tx) {
    tx.on_commit([&] {
      executor.submit(
          [&] { seen.push_back("job: " + std::to_string(count_users(sandbox.database()))); });
      seen.push_back("hook");
    });
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
  });
  EXPECT_THAT(seen, ElementsAre("job: 1", "hook"));
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

// What it rolls back is its own: the transaction that it follows is committed.
TEST_P(SandboxHooksTest, may_fail_in_a_transaction_of_its_own) {
  Sandbox sandbox(test_database(), with());
  const SourceLocation hook = SourceLocation::current();
  sandbox.database().transact([&](Transaction& tx) {
    tx.on_commit(
        [&] {
          sandbox.database().transact([](Transaction& own) {
            own->exec("INSERT INTO users (email) VALUES ('bob@example.org')");
            throw std::runtime_error("no printer");
          });
        },
        hook);
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
  });
  const std::vector<JobRun> failures = sandbox.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].where, hook);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

}  // namespace
}  // namespace drydock
