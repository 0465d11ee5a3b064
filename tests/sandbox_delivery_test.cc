// What a drain that runs each job twice says of the second run's changes to the tables.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "drydock/thread_pool_executor.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kTables[] = R"sql(
  CREATE TABLE mails (id serial PRIMARY KEY, address text NOT NULL UNIQUE);
  CREATE TABLE counters (name text PRIMARY KEY, value int NOT NULL);
  CREATE TABLE log (line text);
  CREATE SCHEMA audit;
  CREATE TABLE audit."Odd name" ("first" int, "second" int, t text, PRIMARY KEY ("first", "second"));
  CREATE TABLE large (id int PRIMARY KEY, filler text);
  CREATE TABLE parted (id int) PARTITION BY RANGE (id);
  CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10);
  CREATE TABLE untouched (id int);
  INSERT INTO counters VALUES ('mails', 0), ('users', 0);
  INSERT INTO log VALUES ('first'), ('second'), ('second'), ('third');
  INSERT INTO large SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 5000) n;
)sql";

constexpr char kAdvice[] =
    ".\n  A queue that delivers at least once, or a retry, does this in production. Let the job "
    "see "
    "what it has done before: INSERT ... ON CONFLICT DO NOTHING, a column that says when it was "
    "done, a key that the receiver knows again. Or allow it: "
    "sandbox.allow(drydock::Finding::kNotIdempotent).";

class SandboxDeliveryTest : public EveryStrategy {
 protected:
  static TestDatabase& tables() {
    static absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = kTables});
    if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
    return *database;
  }

  // Delivers a job that runs `sql` in one transaction, twice, and returns what was found.
  std::vector<Finding> deliver(const std::string& sql) {
    executor_.submit(
        {.name = "job"},
        [this, sql] {
          sandbox_.database().transact([&](Transaction& tx) { tx->exec(sql); }, transact_);
        },
        submit_);
    EXPECT_EQ(executor_.drain({.deliveries = 2}).status(), absl::OkStatus());
    return sandbox_.simulation().findings();
  }

  // The message of a finding where the second run has made these changes in its transaction.
  std::string message(const std::string& changes) const {
    return "job 'job', submitted at " + submit_.to_string() +
           ", was delivered more than once, and run 2, in the transact at " +
           transact_.to_string() + ", changed what run 1 had left:" + changes + kAdvice;
  }

  void expect_change(const std::string& sql, const std::string& changes) {
    const std::vector<Finding> findings = deliver(sql);
    ASSERT_THAT(findings, SizeIs(1)) << sql;
    EXPECT_EQ(findings[0].kind, Finding::kNotIdempotent);
    EXPECT_EQ(findings[0].message, message(changes));
    EXPECT_EQ(findings[0].where, submit_);
    sandbox_.allow(Finding::kNotIdempotent);
    EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
  }

  void expect_no_change(const std::string& sql) {
    EXPECT_THAT(deliver(sql), IsEmpty()) << sql;
    EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
  }

  const SourceLocation submit_ = SourceLocation::current();
  const SourceLocation transact_ = SourceLocation::current();
  // The messages name rows by their ids, whatever test ran before.
  Sandbox sandbox_{tables(), with({.restart_sequences = true})};
  DeferredExecutor executor_{sandbox_.simulation()};
};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxDeliveryTest);

TEST_P(SandboxDeliveryTest, finds_a_second_row) {
  expect_change("INSERT INTO log VALUES ('sent')", "\n  table log: 1 row inserted: (sent)");
}

TEST_P(SandboxDeliveryTest, finds_an_update_and_names_the_row_by_its_key) {
  expect_change("UPDATE counters SET value = value + 1 WHERE name = 'mails'",
                "\n  table counters: 1 row updated: (mails,1) to (mails,2)");
}

TEST_P(SandboxDeliveryTest, finds_a_deleted_row) {
  expect_change("DELETE FROM log WHERE ctid = (SELECT max(ctid) FROM log)",
                "\n  table log: 1 row deleted: (second)");
}

TEST_P(SandboxDeliveryTest, finds_changes_in_several_tables) {
  expect_change(
      "UPDATE counters SET value = value * 2 + 1; INSERT INTO log VALUES ('sent'); "
      "INSERT INTO audit.\"Odd name\" SELECT count(*), 1, 'x' FROM audit.\"Odd name\"; "
      "INSERT INTO parted VALUES (1)",
      "\n  table audit.\"Odd name\": 1 row inserted: (1,1,x)"
      "\n  table counters: 2 rows updated: (mails,1) to (mails,3), (users,1) to (users,3)"
      "\n  table log: 1 row inserted: (sent)"
      "\n  table parted_low: 1 row inserted: (1)");
}

TEST_P(SandboxDeliveryTest, lists_the_first_of_many_rows_and_cuts_long_ones) {
  std::string cut;  // between two characters
  for (int i = 0; i < 59; ++i) cut += "é";
  cut += "…";
  expect_change(
      "INSERT INTO log SELECT n || repeat('é', 100) FROM generate_series(1, 5) n",
      "\n  table log: 5 rows inserted: (1" + cut + ", (2" + cut + ", (3" + cut + " and 2 more");
}

TEST_P(SandboxDeliveryTest, finds_a_change_of_a_table_too_large_to_list) {
  const std::vector<Finding> findings =
      deliver("INSERT INTO large SELECT max(id) + 1, 'more' FROM large");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].message,
              ContainsRegex("\n  table large, too large to list its rows: 5001 rows, "
                            "checksum -?[0-9]+, then 5002 rows, checksum -?[0-9]+\\."));
}

TEST_P(SandboxDeliveryTest, finds_a_table_that_is_emptied_and_filled_again) {
  expect_change("TRUNCATE mails; INSERT INTO mails (address) VALUES ('ada@example.org')",
                "\n  table mails: 1 row inserted: (2,ada@example.org); 1 row deleted: "
                "(1,ada@example.org)");
}

TEST_P(SandboxDeliveryTest, names_every_transaction_of_the_second_run) {
  const SourceLocation where = SourceLocation::current();
  executor_.submit(
      {.name = "job"},
      [&] {
        Database& database = sandbox_.database();
        database.transact([](Transaction& tx) { tx->exec("INSERT INTO log VALUES ('a')"); },
                          transact_);
        database.transact([](Transaction& tx) { tx->exec("SELECT 1"); }, where);
        database.transact([](Transaction& tx) { tx->exec("SELECT 1"); }, where);
      },
      submit_);
  executor_.drain({.deliveries = 2});
  const std::vector<Finding> findings = sandbox_.simulation().findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].message,
            "job 'job', submitted at " + submit_.to_string() +
                ", was delivered more than once, and run 2, in the transact at " +
                transact_.to_string() + " and that at " + where.to_string() +
                ", changed what run 1 had left:\n  table log: 1 row inserted: (a)" + kAdvice);
}

TEST_P(SandboxDeliveryTest, fails_the_test_unless_it_is_allowed) {
  deliver("INSERT INTO log VALUES ('sent')");
  const SandboxReport report = sandbox_.finish();
  EXPECT_EQ(report.status().message(),
            "drydock finding kNotIdempotent: " + message("\n  table log: 1 row inserted: (sent)"));
}

TEST_P(SandboxDeliveryTest, takes_a_write_that_leaves_the_contents_for_no_change) {
  expect_no_change(
      "INSERT INTO mails (address) VALUES ('ada@example.org') ON CONFLICT DO NOTHING; "
      "UPDATE counters SET value = 7; UPDATE large SET filler = 'same' WHERE id = 1; "
      "DELETE FROM log");
}

TEST_P(SandboxDeliveryTest, takes_a_sequence_that_moves_for_no_change) {
  expect_no_change("SELECT nextval('mails_id_seq')");
}

TEST_P(SandboxDeliveryTest, takes_a_temporary_table_for_no_change) {
  expect_no_change(
      "CREATE TEMPORARY TABLE IF NOT EXISTS scratch (id int); "
      "INSERT INTO scratch VALUES (1)");
}

TEST_P(SandboxDeliveryTest, takes_a_rolled_back_write_for_no_change) {
  executor_.submit({.name = "job"}, [&] {
    try {
      sandbox_.database().transact([](Transaction& tx) {
        tx->exec("INSERT INTO log VALUES ('sent')");
        throw std::runtime_error("no mail server");
      });
    } catch (const std::runtime_error&) {
    }
  });
  executor_.drain({.deliveries = 2});
  EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
}

TEST_P(SandboxDeliveryTest, takes_a_job_that_marks_its_work_for_idempotent) {
  executor_.submit({.name = "job"}, [&] {
    sandbox_.database().transact([](Transaction& tx) {
      const auto marked = tx->exec(
          "INSERT INTO mails (address) VALUES ('ada@example.org') ON CONFLICT DO NOTHING "
          "RETURNING id");
      if (!marked.empty()) tx->exec("INSERT INTO log VALUES ('sent')");
    });
  });
  executor_.drain({.deliveries = 2});
  EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
}

TEST_P(SandboxDeliveryTest, compares_each_job_with_its_own_first_run) {
  executor_.submit({.name = "before"}, [&] {
    sandbox_.database().transact([](Transaction& tx) { tx->exec("DELETE FROM log"); });
  });
  executor_.submit({.name = "after"}, [] {});
  executor_.drain({.deliveries = 2});
  EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
}

// The tables are read by the sandbox, not by the application.
TEST_P(SandboxDeliveryTest, leaves_no_transaction_of_its_own_in_the_journal) {
  executor_.submit({.name = "job"}, [] {});
  executor_.drain({.deliveries = 2});
  EXPECT_EQ(sandbox_.simulation().journal().count({Event::kTransactionBegan}), 0U);
  EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
}

TEST_P(SandboxDeliveryTest, says_where_the_tables_cannot_be_read) {
  Sandbox sandbox(tables(), with({.lease_timeout = absl::Milliseconds(1), .max_connections = 1}));
  DeferredExecutor executor(sandbox.simulation());
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  std::latch inside(1), leave(1);
  int runs = 0;
  executor.submit(
      {.name = "job"},
      [&] {
        if (++runs == 2) return;
        pool.submit([&] {
          sandbox.database().transact([&](Transaction&) {
            inside.count_down();
            leave.wait();
          });
        });
        inside.wait();
      },
      submit_);
  executor.drain({.deliveries = 2});
  leave.count_down();
  ASSERT_EQ(pool.wait_idle(absl::Seconds(30)), absl::OkStatus());
  const SandboxReport report = sandbox.finish();
  ASSERT_THAT(report.breaches, SizeIs(2));
  EXPECT_THAT(report.breaches[0],
              StartsWith("whether job 'job' (#1, submitted at " + submit_.to_string() +
                         ") can be delivered twice could not be seen, since the tables could not "
                         "be read after run 1: "));
  EXPECT_THAT(report.breaches[1], HasSubstr("could not be read after run 2: "));
}

}  // namespace
}  // namespace drydock
