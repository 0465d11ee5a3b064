// What application SQL does to the one transaction of a sandbox.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "drydock/sandbox_errors.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kNothingCommitted[] =
    "What the test had written is rolled back; nothing was committed.";

std::string escape_text(const std::string& who, const std::string& sql, const std::string& effect) {
  return who + ", ended the outer transaction of the sandbox by SQL: " + sql + ".\n  " + effect +
         " The sandbox takes no more work.\n  Application code ends its transaction by returning "
         "from the body of transact() or by throwing out of it. Code that sends COMMIT or ROLLBACK "
         "itself needs a database of its own: "
         "SandboxOptions{.strategy = drydock::Strategy::kClone}.";
}

std::string escape_text(SourceLocation where, const std::string& sql, const std::string& effect) {
  return escape_text("the transact at " + where.to_string() + ", by code outside any job", sql,
                     effect);
}

class EscapeTest : public SandboxFixture, public ::testing::WithParamInterface<const char*> {};

TEST_P(EscapeTest, is_found_and_commits_nothing) {
  {
    Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
    add_user(sandbox.database(), "ada@example.org");
    const SourceLocation where = SourceLocation::current();
    const std::string escaped = escape_text(where, GetParam(), kNothingCommitted);
    EXPECT_EQ(text_of<SandboxEscapedError>([&] {
                sandbox.database().transact(
                    [](Transaction& tx) {
                      tx->exec(GetParam());
                      tx->exec("INSERT INTO users (email) VALUES ('bob@example.org')");
                    },
                    where);
              }),
              "drydock: " + escaped);
    EXPECT_EQ(
        text_of<SandboxEscapedError>([&] { add_user(sandbox.database(), "eve@example.org"); }),
        "drydock: " + escaped);
    const SandboxReport report = sandbox.finish();
    ASSERT_THAT(report.findings, SizeIs(1)) << report;
    EXPECT_EQ(report.findings[0].kind, Finding::kEscaped);
    EXPECT_EQ(report.findings[0].message, escaped);
    EXPECT_FALSE(report.findings[0].job);
  }
  EXPECT_EQ(committed_users(), 0);
  Sandbox next(test_database(), {.strategy = Strategy::kTransaction});
  add_user(next.database(), "ada@example.org");
  EXPECT_EQ(next.finish().status(), absl::OkStatus());
}

INSTANTIATE_TEST_SUITE_P(statements, EscapeTest,
                         ::testing::Values("COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ABORT", "END",
                                           "ROLLBACK; BEGIN", "COMMIT; BEGIN",
                                           "PREPARE TRANSACTION 'x'", "ROLLBACK AND CHAIN"));

using SandboxEscapeTest = SandboxFixture;

TEST_F(SandboxEscapeTest, names_the_statement_the_job_and_the_transact) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  DeferredExecutor executor(sandbox.simulation());
  const SourceLocation submitted = SourceLocation::current();
  const SourceLocation where = SourceLocation::current();
  executor.submit({.name = "first"}, [] {});
  const JobId job = executor.submit(
      {.name = "import"},
      [&] { sandbox.database().transact([](Transaction& tx) { tx->exec("COMMIT"); }, where); },
      submitted);
  executor.drain();
  const std::string escaped =
      escape_text("the transact at " + where.to_string() + ", by job 'import' (#2, submitted at " +
                      submitted.to_string() + ")",
                  "COMMIT", kNothingCommitted);
  const std::vector<JobRun> failures = sandbox.simulation().take_failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].error, "drydock::SandboxEscapedError: drydock: " + escaped);
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(1)) << report;
  EXPECT_EQ(report.findings[0].kind, Finding::kEscaped);
  EXPECT_EQ(report.findings[0].message, escaped);
  EXPECT_EQ(report.findings[0].job, job);
  EXPECT_EQ(report.findings[0].where, where);
}

// By code that holds the connection beyond its transact.
TEST_F(SandboxEscapeTest, is_found_at_the_end_where_no_transact_was_open) {
  Sandbox sandbox(test_database(), {.name = "Suite.test", .strategy = Strategy::kTransaction});
  pqxx::connection_base* kept = nullptr;
  sandbox.database().transact([&](Transaction& tx) { kept = &tx->conn(); });
  pqxx::nontransaction(*kept).exec("ROLLBACK");
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(1)) << report;
  EXPECT_EQ(report.findings[0].message,
            escape_text("code in the test 'Suite.test', outside any transact", "ROLLBACK",
                        kNothingCommitted));
}

// As in production, where the server warns: there is a transaction already.
TEST_F(SandboxEscapeTest, is_not_what_begin_does_which_gets_a_note) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  const SourceLocation where = SourceLocation::current();
  sandbox.database().transact(
      [](Transaction& tx) {
        tx->exec("BEGIN");
        tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
      },
      where);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  const SandboxReport report = sandbox.finish();
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_THAT(report.notes,
              ElementsAre("the transact at " + where.to_string() +
                          ", by code outside any job, sent BEGIN, which PostgreSQL ignores with a "
                          "warning, here and in production: the body of transact() is in a "
                          "transaction already. Remove it, or call transact() inside the body, "
                          "which nests."));
  EXPECT_EQ(committed_users(), 0);
}

TEST_F(SandboxEscapeTest, is_found_where_the_commit_fails_for_another_reason) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  EXPECT_THROW(sandbox.database().transact([](Transaction& tx) {
    tx->exec("INSERT INTO children VALUES (7)");  // violates a deferred constraint
    EXPECT_THROW(tx->exec("COMMIT"), pqxx::foreign_key_violation);
    EXPECT_THROW(tx->exec("SELECT 1"), pqxx::broken_connection);
  }),
               SandboxEscapedError);
}

TEST_F(SandboxEscapeTest, is_prevented_after_all_cursors_were_closed) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  sandbox.database().transact([](Transaction& tx) { tx->exec("CLOSE ALL"); });
  add_user(sandbox.database(), "ada@example.org");
  EXPECT_THROW(sandbox.database().transact([](Transaction& tx) { tx->exec("COMMIT"); }),
               SandboxEscapedError);
  EXPECT_EQ(committed_users(), 0);
}

// All in one message: the client can end the session only afterwards.
TEST_F(SandboxEscapeTest, commits_nothing_in_a_chained_transaction_of_one_message) {
  {
    Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
    EXPECT_THROW(sandbox.database().transact([](Transaction& tx) {
      tx->exec("ROLLBACK AND CHAIN; INSERT INTO users (email) VALUES ('bob@example.org'); COMMIT");
    }),
                 SandboxEscapedError);
    EXPECT_THAT(sandbox.finish().findings, SizeIs(1));
  }
  EXPECT_EQ(committed_users(), 0);
}

TEST_F(SandboxEscapeTest, says_what_was_committed_without_the_guard) {
  const SourceLocation where = SourceLocation::current();
  absl::StatusOr<TestDatabase> own = TestDatabase::open({.schema_sql = kSchema});
  ASSERT_TRUE(own.ok()) << own.status();
  Sandbox sandbox(*own, {.strategy = Strategy::kTransaction});
  EXPECT_THROW(sandbox.database().transact(
                   [](Transaction& tx) {
                     tx->exec("CLOSE ALL");
                     tx->exec("COMMIT");
                   },
                   where),
               SandboxEscapedError);
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.findings, SizeIs(1)) << report;
  EXPECT_EQ(report.findings[0].message,
            escape_text(where, "COMMIT",
                        "What it has committed stays in the database of this process until that "
                        "ends, so that the tests that follow may see it."));
}

// Large objects can be written in a read-only transaction, up to version 15.
TEST_F(SandboxEscapeTest, leaves_no_session_to_write_with) {
  for (const char* end : {"ROLLBACK", "COMMIT", "END", "PREPARE TRANSACTION 'x'"}) {
    Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
    EXPECT_THROW(sandbox.database().transact([&](Transaction& tx) {
      try {
        tx->exec(end);
      } catch (const std::exception&) {
      }
      EXPECT_THROW(tx->exec("SELECT lo_from_bytea(0, 'abc')"), pqxx::broken_connection) << end;
    }),
                 SandboxEscapedError);
    const SandboxReport report = sandbox.finish();
    EXPECT_THAT(report.findings, SizeIs(1)) << report;
    EXPECT_TRUE(report.breaches.empty()) << report;
  }
}

TEST_F(SandboxEscapeTest, ends_the_session_before_a_chained_transaction_can_commit) {
  {
    Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
    const SourceLocation where = SourceLocation::current();
    EXPECT_THROW(sandbox.database().transact(
                     [](Transaction& tx) {
                       tx->exec("ROLLBACK AND CHAIN");
                       tx->exec("INSERT INTO users (email) VALUES ('bob@example.org')");
                       tx->exec("COMMIT");
                     },
                     where),
                 SandboxEscapedError);
    const SandboxReport report = sandbox.finish();
    ASSERT_THAT(report.findings, SizeIs(1)) << report;
    EXPECT_EQ(report.findings[0].message,
              escape_text(where, "ROLLBACK AND CHAIN", kNothingCommitted));
  }
  EXPECT_EQ(committed_users(), 0);
}

}  // namespace
}  // namespace drydock
