#include "drydock/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/deferred_executor.h"
#include "drydock/function_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/misuse_error.h"
#include "drydock/serial_executor.h"
#include "drydock/source_location.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/transaction_errors.h"
#include "drydock/wait_idle.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SandboxTest : public EveryStrategy {};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxTest);

TEST_P(SandboxTest, keeps_what_a_transaction_wrote_until_its_end) {
  {
    Sandbox sandbox(test_database(), with());
    add_user(sandbox.database(), "ada@example.org");
    EXPECT_EQ(count_users(sandbox.database()), 1);
    EXPECT_EQ(committed_users(), 0);
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  }
  Sandbox next(test_database(), with());
  EXPECT_EQ(count_users(next.database()), 0);
  EXPECT_EQ(next.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, returns_what_the_body_returns) {
  Sandbox sandbox(test_database(), with());
  EXPECT_EQ(sandbox.database().transact([](Transaction&) { return std::string("r"); }), "r");
}

TEST_P(SandboxTest, rolls_back_what_throws_and_keeps_the_rest) {
  Sandbox sandbox(test_database(), with());
  add_user(sandbox.database(), "ada@example.org");
  EXPECT_THROW(add_user(sandbox.database(), "ada@example.org"), pqxx::unique_violation);
  EXPECT_THROW(sandbox.database().transact([](Transaction& tx) {
    tx->exec("INSERT INTO users (email) VALUES ('bob@example.org')");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, nests_as_the_pool_does) {
  Sandbox sandbox(test_database(), with());
  Database& database = sandbox.database();
  database.transact([&](Transaction&) {
    add_user(database, "ada@example.org");
    try {
      database.transact([&](Transaction& inner) {
        inner->exec("INSERT INTO users (email) VALUES ('bob@example.org')");
        throw std::runtime_error("only the inner one");
      });
    } catch (const std::runtime_error&) {
    }
    add_user(database, "eve@example.org");
  });
  EXPECT_EQ(count_users(database), 2);
}

TEST_P(SandboxTest, lets_a_job_read_what_was_written_before) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  int seen = -1;
  sandbox.database().transact([&](Transaction& tx) {
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
    tx.submit(executor, [&] { seen = count_users(sandbox.database()); });
  });
  EXPECT_EQ(executor.pending_count(), 1);
  EXPECT_EQ(executor.drain().status(), absl::OkStatus());
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, finds_a_job_submitted_inside_a_transaction) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  int submit_line = 0;
  int transact_line = __LINE__ + 1;
  sandbox.database().transact([&](Transaction&) {
    submit_line = __LINE__ + 1;
    executor.submit({.name = "mail"}, [] {});
  });
  executor.drain();
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].kind, Finding::kSubmittedInTransaction);
  const std::string file = "tests/sandbox_test.cc:";
  EXPECT_EQ(report.findings[0].message,
            "job 'mail' was submitted at " + file + std::to_string(submit_line) +
                " while the transaction opened at " + file + std::to_string(transact_line) +
                " was open.\n  In production the job may run before that transaction commits and "
                "find nothing, or run although it rolls back.\n  Submit it with the transaction: "
                "transaction.submit(executor, {.name = \"mail\"}, job); or submit it after "
                "transact() has returned.\n  If the job needs nothing that the transaction writes: "
                "sandbox.allow(drydock::Finding::kSubmittedInTransaction).");
}

// Whoever runs it: an executor in production has no simulation at all.
TEST_P(SandboxTest, finds_a_job_submitted_inside_a_transaction_to_an_executor_of_its_own) {
  Sandbox sandbox(test_database(), with());
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  SerialExecutor strand(pool, "strand");
  DeferredExecutor of_another_simulation;
  std::thread thread;
  FunctionExecutor adapter([&](Job job) { thread = std::thread(std::move(job)); });
  std::thread strand_thread;
  FunctionExecutor base([&](Job job) { strand_thread = std::thread(std::move(job)); });
  SerialExecutor strand_of_adapter(base, "adapted strand");
  Executor* const executors[] = {&pool, &strand, &of_another_simulation, &adapter,
                                 &strand_of_adapter};
  std::vector<std::string> names;
  sandbox.database().transact([&](Transaction& tx) {
    for (Executor* executor : executors) {
      names.push_back("job " + std::to_string(names.size()));
      executor->submit({.name = names.back()}, [] {});
    }
    tx.submit(pool, {.name = "with the transaction"}, [] {});
  });
  pool.submit({.name = "after it"}, [] {});
  of_another_simulation.drain();
  EXPECT_TRUE(wait_idle({&pool, &adapter, &strand_of_adapter}, absl::InfiniteDuration()).ok());
  thread.join();
  strand_thread.join();
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(report.findings[i].kind, Finding::kSubmittedInTransaction);
    EXPECT_THAT(report.findings[i].message,
                HasSubstr("job '" + names[i] + "' was submitted at tests/sandbox_test.cc:"));
  }
}

TEST_P(SandboxTest, finds_a_context_slot_that_a_job_of_any_executor_leaves_changed) {
  static const ContextSlot<std::string> tenant("tenant");
  Sandbox sandbox(test_database(), with());
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  SerialExecutor strand(pool, "strand");
  std::vector<std::thread> threads;
  FunctionExecutor adapter([&](Job job) { threads.emplace_back(std::move(job)); });
  Executor* const executors[] = {&pool, &strand, &adapter};
  const SourceLocation where = SourceLocation::current();
  for (Executor* executor : executors) {
    executor->submit(
        {.name = "leaky"}, [] { tenant.set("acme"); }, where);
    executor->submit({.name = "tidy"}, [] {
      EXPECT_EQ(tenant.get(), nullptr);
      const ScopedContext scope(tenant, "acme");
    });
  }
  EXPECT_TRUE(wait_idle({&strand, &pool, &adapter}, absl::InfiniteDuration()).ok());
  for (std::thread& thread : threads) thread.join();
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(std::size(executors)));
  for (const Finding& finding : report.findings) {
    EXPECT_EQ(finding.kind, Finding::kContextLeaked);
    EXPECT_EQ(finding.where, where);
    EXPECT_EQ(
        finding.message,
        "job 'leaky', submitted at " + where.to_string() +
            ", left the context slot 'tenant' other than it found it.\n  On a thread pool the "
            "next job on that thread would have seen the value; drydock has put the slot "
            "back.\n  Set it with drydock::ScopedContext, which puts it back at the end of "
            "its scope, or allow it: sandbox.allow(drydock::Finding::kContextLeaked).");
  }
}

TEST_P(SandboxTest, passes_with_a_finding_that_is_allowed) {
  Sandbox sandbox(test_database(), with());
  sandbox.allow(Finding::kSubmittedInTransaction);
  DeferredExecutor executor(sandbox.simulation());
  sandbox.database().transact([&](Transaction&) { executor.submit([] {}); });
  executor.drain();
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, holds_an_inline_job_until_the_transaction_has_ended) {
  Sandbox sandbox(test_database(), with());
  sandbox.allow(Finding::kSubmittedInTransaction);
  InlineExecutor executor(sandbox.simulation());
  int seen = -1;
  sandbox.database().transact([&](Transaction& tx) {
    executor.submit([&] { seen = count_users(sandbox.database()); });
    EXPECT_EQ(seen, -1);
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
  });
  EXPECT_EQ(seen, 1);
}

TEST_P(SandboxTest, fails_a_test_that_ends_with_pending_jobs) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  executor.submit({.name = "mail"}, [] {});
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].kind, Finding::kUndrained);
  EXPECT_THAT(report.findings[0].message, HasSubstr("1 job was pending at the end of the test:"));
  EXPECT_THAT(report.findings[0].message, HasSubstr("job 'mail' (#1, submitted at tests/"));
  EXPECT_THAT(report.findings[0].message, HasSubstr("drain()"));
}

TEST_P(SandboxTest, fails_a_test_with_a_failure_that_it_did_not_take) {
  Sandbox sandbox(test_database(), with());
  InlineExecutor executor(sandbox.simulation());
  executor.submit({.name = "mail"}, [] { throw std::runtime_error("no mail server"); });
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.failures, SizeIs(1));
  EXPECT_THAT(std::string(report.status().message()),
              HasSubstr("failed: std::runtime_error: no mail server"));
}

TEST_P(SandboxTest, checks_deferred_constraints_at_the_simulated_commit) {
  Sandbox sandbox(test_database(), with());
  Database& database = sandbox.database();
  for (int round = 0; round < 2; ++round) {  // deferred again for the next transaction
    EXPECT_THROW(
        database.transact([](Transaction& tx) { tx->exec("INSERT INTO children VALUES (7)"); }),
        pqxx::foreign_key_violation);
    database.transact([&](Transaction& tx) {
      tx->exec("INSERT INTO children VALUES (" + std::to_string(round) + ")");
      tx->exec("INSERT INTO parents VALUES (" + std::to_string(round) + ")");
    });
  }
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, refuses_to_commit_what_the_server_has_given_up) {
  Sandbox sandbox(test_database(), with());
  EXPECT_THROW(sandbox.database().transact([](Transaction& tx) {
    try {
      tx->exec("SELECT 1/0");
    } catch (const pqxx::sql_error&) {
    }
  }),
               TransactionAbortedError);
  EXPECT_EQ(count_users(sandbox.database()), 0);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, honours_read_only) {
  Sandbox sandbox(test_database(), with());
  EXPECT_THROW(sandbox.database().transact(
                   {.read_only = true},
                   [](Transaction& tx) { tx->exec("INSERT INTO users (email) VALUES ('x')"); }),
               pqxx::sql_error);
  add_user(sandbox.database(), "ada@example.org");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, rolls_back_without_finish) {
  try {
    Sandbox sandbox(test_database(), with());
    DeferredExecutor executor(sandbox.simulation());
    executor.submit([] {});
    add_user(sandbox.database(), "ada@example.org");
    throw std::runtime_error("thrown out of the test");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(committed_users(), 0);
  Sandbox next(test_database(), with());
  EXPECT_EQ(count_users(next.database()), 0);
}

TEST_P(SandboxTest, gives_threads_their_turns) {
  Sandbox sandbox(test_database(), with());
  ThreadPoolExecutor pool({.threads = 4});
  for (int i = 0; i < 40; ++i) {
    pool.submit([&sandbox, i] {
      add_user(sandbox.database(), "user" + std::to_string(i) + "@example.org");
    });
  }
  EXPECT_EQ(pool.wait_idle(absl::Seconds(30)), absl::OkStatus());
  EXPECT_EQ(count_users(sandbox.database()), 40);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, keeps_two_open_sandboxes_apart) {
  Sandbox one(test_database(), with());
  Sandbox two(test_database(), with());
  add_user(one.database(), "ada@example.org");
  EXPECT_EQ(count_users(two.database()), 0);
  EXPECT_NE(one.token(), two.token());
}

TEST_P(SandboxTest, may_end_before_one_that_was_opened_later) {
  Sandbox one(test_database(), with());
  Sandbox two(test_database(), with());
  EXPECT_EQ(one.finish().status(), absl::OkStatus());
  EXPECT_EQ(Sandbox::current().get(), &two.database());
  EXPECT_EQ(two.finish().status(), absl::OkStatus());
  EXPECT_EQ(Sandbox::current(), nullptr);
}

TEST_P(SandboxTest, refuses_to_finish_inside_a_transaction) {
  Sandbox sandbox(test_database(), with());
  EXPECT_THROW(sandbox.database().transact([&](Transaction&) { sandbox.finish(); }), MisuseError);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxTest, is_the_current_one_of_its_thread_and_of_its_jobs) {
  EXPECT_EQ(Sandbox::current(), nullptr);
  Sandbox sandbox(test_database(), with());
  EXPECT_EQ(Sandbox::current().get(), &sandbox.database());
  ThreadPoolExecutor pool({.threads = 1});
  Database* seen = nullptr;
  pool.submit([&] { seen = Sandbox::current().get(); });
  EXPECT_EQ(pool.wait_idle(absl::Seconds(10)), absl::OkStatus());
  EXPECT_EQ(seen, &sandbox.database());
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  EXPECT_EQ(Sandbox::current(), nullptr);
}

TEST_P(SandboxTest, is_not_the_current_one_of_a_thread_of_the_test_but_of_the_job_that_it_runs) {
  Sandbox sandbox(test_database(), with());
  std::vector<Database*> seen;
  const auto look = [&] { seen.push_back(Sandbox::current().get()); };
  std::thread thread;
  FunctionExecutor executor([&](Job job) {
    thread = std::thread([&look, job = std::move(job)]() mutable {
      look();
      std::move(job)();
      look();
    });
  });
  executor.submit(look);
  thread.join();
  EXPECT_THAT(seen, ElementsAre(nullptr, &sandbox.database(), nullptr));
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

}  // namespace
}  // namespace drydock
