#include "drydock/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/database.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/sandbox_errors.h"
#include "drydock/test_database.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/transaction_errors.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSchema[] = R"sql(
  CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
  CREATE TABLE parents (id int PRIMARY KEY);
  CREATE TABLE children (
    parent int REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
)sql";

class SandboxTest : public ::testing::Test {
 protected:
  static TestDatabase& test_database() {
    static absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = kSchema});
    if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
    return *database;
  }

  // What another connection sees: what has really been committed.
  static int committed_users() {
    pqxx::connection connection(test_database().connection_string());
    pqxx::work work(connection);
    return work.exec1("SELECT count(*) FROM users")[0].as<int>();
  }

  static void add_user(Database& database, const std::string& email) {
    database.transact(
        [&](Transaction& tx) { tx->exec_params0("INSERT INTO users (email) VALUES ($1)", email); });
  }

  static int count_users(Database& database) {
    return database.transact(
        [](Transaction& tx) { return tx->exec1("SELECT count(*) FROM users")[0].as<int>(); });
  }
};

TEST_F(SandboxTest, keeps_what_a_transaction_wrote_until_its_end) {
  {
    Sandbox sandbox(test_database());
    add_user(sandbox.database(), "ada@example.org");
    EXPECT_EQ(count_users(sandbox.database()), 1);
    EXPECT_EQ(committed_users(), 0);
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  }
  Sandbox next(test_database());
  EXPECT_EQ(count_users(next.database()), 0);
  EXPECT_EQ(next.finish().status(), absl::OkStatus());
}

TEST_F(SandboxTest, returns_what_the_body_returns) {
  Sandbox sandbox(test_database());
  EXPECT_EQ(sandbox.database().transact([](Transaction&) { return std::string("r"); }), "r");
}

TEST_F(SandboxTest, rolls_back_what_throws_and_keeps_the_rest) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, nests_as_the_pool_does) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, lets_a_job_read_what_was_written_before) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, runs_hooks_in_order_after_the_commit) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, drops_hooks_and_submits_of_what_rolls_back) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, makes_a_failure_of_a_hook_that_throws) {
  Sandbox sandbox(test_database());
  bool second_ran = false;
  sandbox.database().transact([&](Transaction& tx) {
    tx.on_commit([] { throw std::runtime_error("no printer"); });
    tx.on_commit([&] { second_ran = true; });
  });
  EXPECT_TRUE(second_ran);
  const std::vector<JobRun> failures = sandbox.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].name, "on_commit hook");
  EXPECT_THAT(failures[0].error, HasSubstr("no printer"));
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxTest, finds_a_job_submitted_inside_a_transaction) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, passes_with_a_finding_that_is_allowed) {
  Sandbox sandbox(test_database());
  sandbox.allow(Finding::kSubmittedInTransaction);
  DeferredExecutor executor(sandbox.simulation());
  sandbox.database().transact([&](Transaction&) { executor.submit([] {}); });
  executor.drain();
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxTest, holds_an_inline_job_until_the_transaction_has_ended) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, fails_a_test_that_ends_with_pending_jobs) {
  Sandbox sandbox(test_database());
  DeferredExecutor executor(sandbox.simulation());
  executor.submit({.name = "mail"}, [] {});
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].kind, Finding::kUndrained);
  EXPECT_THAT(report.findings[0].message, HasSubstr("1 job was pending at the end of the test:"));
  EXPECT_THAT(report.findings[0].message, HasSubstr("job 'mail' (#1, submitted at tests/"));
  EXPECT_THAT(report.findings[0].message, HasSubstr("drain()"));
}

TEST_F(SandboxTest, fails_a_test_with_a_failure_that_it_did_not_take) {
  Sandbox sandbox(test_database());
  InlineExecutor executor(sandbox.simulation());
  executor.submit({.name = "mail"}, [] { throw std::runtime_error("no mail server"); });
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.failures, SizeIs(1));
  EXPECT_THAT(std::string(report.status().message()),
              HasSubstr("failed: std::runtime_error: no mail server"));
}

TEST_F(SandboxTest, checks_deferred_constraints_at_the_simulated_commit) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, refuses_to_commit_what_the_server_has_given_up) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, honours_read_only) {
  Sandbox sandbox(test_database());
  EXPECT_THROW(sandbox.database().transact(
                   {.read_only = true},
                   [](Transaction& tx) { tx->exec("INSERT INTO users (email) VALUES ('x')"); }),
               pqxx::sql_error);
  add_user(sandbox.database(), "ada@example.org");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

class EscapeTest : public SandboxTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(EscapeTest, is_found_and_commits_nothing) {
  {
    Sandbox sandbox(test_database());
    add_user(sandbox.database(), "ada@example.org");
    EXPECT_THROW(sandbox.database().transact([](Transaction& tx) {
      tx->exec(GetParam());
      tx->exec("INSERT INTO users (email) VALUES ('bob@example.org')");
    }),
                 SandboxEscapedError);
    EXPECT_THROW(add_user(sandbox.database(), "eve@example.org"), SandboxEscapedError);
    const SandboxReport report = sandbox.finish();
    ASSERT_THAT(report.findings, SizeIs(1)) << report;
    EXPECT_EQ(report.findings[0].kind, Finding::kEscaped);
    EXPECT_THAT(report.findings[0].message, HasSubstr("tests/sandbox_test.cc:"));
  }
  EXPECT_EQ(committed_users(), 0);
  Sandbox next(test_database());
  add_user(next.database(), "ada@example.org");
  EXPECT_EQ(next.finish().status(), absl::OkStatus());
}

INSTANTIATE_TEST_SUITE_P(statements, EscapeTest,
                         ::testing::Values("COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ABORT", "END",
                                           "ROLLBACK; BEGIN", "COMMIT; BEGIN",
                                           "PREPARE TRANSACTION 'x'", "ROLLBACK AND CHAIN"));

TEST_F(SandboxTest, names_a_lost_connection_and_leaves_the_next_sandbox_healthy) {
  {
    Sandbox sandbox(test_database());
    add_user(sandbox.database(), "ada@example.org");
    const auto pid = sandbox.database().transact(
        [](Transaction& tx) { return tx->exec1("SELECT pg_backend_pid()")[0].as<std::string>(); });
    pqxx::connection other(test_database().connection_string());
    pqxx::work(other).exec("SELECT pg_terminate_backend(" + pid + ", 5000)");
    EXPECT_THROW(count_users(sandbox.database()), pqxx::broken_connection);
    EXPECT_THROW(count_users(sandbox.database()), pqxx::broken_connection);
    const SandboxReport report = sandbox.finish();
    ASSERT_THAT(report.breaches, SizeIs(1));
    EXPECT_THAT(report.breaches[0], HasSubstr("has lost its connection to the server"));
  }
  Sandbox next(test_database());
  EXPECT_EQ(count_users(next.database()), 0);
  EXPECT_EQ(next.finish().status(), absl::OkStatus());
}

TEST_F(SandboxTest, rolls_back_without_finish) {
  try {
    Sandbox sandbox(test_database());
    DeferredExecutor executor(sandbox.simulation());
    executor.submit([] {});
    add_user(sandbox.database(), "ada@example.org");
    throw std::runtime_error("thrown out of the test");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(committed_users(), 0);
  Sandbox next(test_database());
  EXPECT_EQ(count_users(next.database()), 0);
}

TEST_F(SandboxTest, gives_threads_their_turns) {
  Sandbox sandbox(test_database());
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

TEST_F(SandboxTest, waits_for_jobs_on_real_threads_before_it_rolls_back) {
  std::promise<void> let_go;
  int seen = -1;
  ThreadPoolExecutor pool({.threads = 1});
  Sandbox sandbox(test_database());
  add_user(sandbox.database(), "ada@example.org");
  pool.submit([&, released = let_go.get_future()]() mutable {
    released.wait();
    seen = count_users(sandbox.database());
  });
  std::thread releaser([&] { let_go.set_value(); });
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  EXPECT_EQ(seen, 1);
  releaser.join();
}

TEST_F(SandboxTest, names_the_holder_when_a_thread_waits_too_long) {
  Sandbox sandbox(test_database(), {.lease_timeout = absl::Milliseconds(20)});
  ThreadPoolExecutor pool({.threads = 1});
  std::string error;
  sandbox.database().transact([&](Transaction&) {
    pool.submit({.name = "mail"}, [&] {
      try {
        count_users(sandbox.database());
      } catch (const LeaseTimeoutError& e) {
        error = e.what();
      }
    });
    EXPECT_EQ(pool.wait_idle(absl::Seconds(10)), absl::OkStatus());
  });
  EXPECT_THAT(error, HasSubstr("waited 20ms for the sandbox's connection"));
  EXPECT_THAT(error, HasSubstr("Held by code outside any job, in the transact at "
                               "tests/sandbox_test.cc:"));
  EXPECT_THAT(error, HasSubstr("Waiting: job 'mail' (#1, submitted at tests/sandbox_test.cc:"));
  EXPECT_THAT(error, HasSubstr("(this one)"));
}

TEST_F(SandboxTest, refuses_a_job_that_comes_after_its_end) {
  std::promise<void> let_go;
  std::promise<std::string> error;
  ThreadPoolExecutor pool({.threads = 1});
  SandboxReport report;
  {
    Sandbox sandbox(test_database(),
                    {.name = "LateTest.late", .idle_timeout = absl::Milliseconds(1)});
    Database& database = sandbox.database();
    pool.submit({.name = "mail"}, [&database, &error, released = let_go.get_future()]() mutable {
      released.wait();
      try {
        count_users(database);
        error.set_value("");
      } catch (const SandboxClosedError& e) {
        error.set_value(e.what());
      }
    });
    report = sandbox.finish();
  }
  let_go.set_value();
  ASSERT_THAT(report.breaches, SizeIs(1));
  EXPECT_EQ(
      report.breaches[0],
      "jobs of this test were still queued or running on real threads 1ms after its end. Call "
      "wait_idle() on the executor before the test ends; it names them.");
  const std::string text = error.get_future().get();
  EXPECT_THAT(text, HasSubstr("job 'mail' (#1, submitted at tests/sandbox_test.cc:"));
  EXPECT_THAT(text, HasSubstr("after the sandbox of the test 'LateTest.late' had ended"));
  EXPECT_THAT(text, HasSubstr("wait_idle()"));
}

TEST_F(SandboxTest, keeps_two_open_sandboxes_apart) {
  Sandbox one(test_database());
  Sandbox two(test_database());
  add_user(one.database(), "ada@example.org");
  EXPECT_EQ(count_users(two.database()), 0);
  EXPECT_NE(one.token(), two.token());
}

TEST_F(SandboxTest, refuses_to_finish_inside_a_transaction) {
  Sandbox sandbox(test_database());
  EXPECT_THROW(sandbox.database().transact([&](Transaction&) { sandbox.finish(); }), MisuseError);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

}  // namespace
}  // namespace drydock
