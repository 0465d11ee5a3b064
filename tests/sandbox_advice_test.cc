// What a sandbox adds to errors whose own words help little, and says about jobs that come late.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "drydock/sandbox_errors.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SandboxAdviceTest : public EveryStrategy {};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxAdviceTest);

TEST_P(SandboxAdviceTest, says_how_to_nest_where_a_second_transaction_is_opened) {
  Sandbox sandbox(test_database(), with());
  SourceLocation where;
  const std::string text = text_of<pqxx::usage_error>([&] {
    where = SourceLocation::current();
    sandbox.database().transact([](Transaction& tx) { pqxx::work second(tx->conn()); }, where);
  });
  const std::string advice =
      "the body of the transact at " + where.to_string() +
      " used libpqxx in a way that it does not allow. Where the code opens a transaction of its "
      "own (pqxx::work) on the connection of the one that it is given: a connection has one "
      "transaction at a time. Call transact() on the Database inside the body, which nests, or "
      "use pqxx::subtransaction on the given transaction.";
  const std::size_t begin = text.find("\ndrydock: ");
  ASSERT_NE(begin, std::string::npos) << text;
  EXPECT_EQ(text.substr(begin), "\ndrydock: " + advice);
  const SandboxReport report = sandbox.finish();
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_THAT(report.notes, ElementsAre(advice));
}

TEST_P(SandboxAdviceTest, names_the_job_that_comes_late_and_its_test) {
  Sandbox sandbox(test_database(),
                  with({.name = "Suite.test", .idle_timeout = absl::ZeroDuration()}));
  Database& database = sandbox.database();
  SourceLocation submitted;
  SourceLocation reached;
  std::string text;
  Simulation later;
  DeferredExecutor executor(later);
  submitted = SourceLocation::current();
  const JobId job = executor.submit(
      {.name = "mail"},
      [&] {
        text = text_of<SandboxClosedError>([&] {
          reached = SourceLocation::current();
          database.transact([](Transaction&) {}, reached);
        });
      },
      submitted);
  static_cast<void>(sandbox.finish());
  executor.drain();
  EXPECT_EQ(text,
            "drydock: job 'mail' (#1, submitted at " + submitted.to_string() +
                ") called transact at " + reached.to_string() +
                " after the sandbox of the test 'Suite.test' had ended. Its rows are gone, so that "
                "the work finds nothing and changes nothing.\n"
                "  The test has to wait for its background work: call wait_idle() on the thread "
                "pool before the test ends, or give the code under test a DeferredExecutor and "
                "drain() it.");
  const std::vector<Finding> findings = sandbox.simulation().findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, Finding::kLateAccess);
  EXPECT_EQ("drydock: " + findings[0].message, text);
  EXPECT_EQ(findings[0].job, job);
  EXPECT_EQ(findings[0].where, reached);
}

TEST_P(SandboxAdviceTest, names_no_job_where_none_comes_late) {
  Sandbox sandbox(test_database(), with({.name = "Suite.test"}));
  static_cast<void>(sandbox.finish());
  const SourceLocation where = SourceLocation::current();
  const std::string text =
      text_of<SandboxClosedError>([&] { sandbox.database().transact([](Transaction&) {}, where); });
  EXPECT_EQ(text.rfind("drydock: code outside any job called transact at " + where.to_string() +
                           " after the sandbox of the test 'Suite.test' had ended.",
                       0),
            0U)
      << text;
  const std::vector<Finding> findings = sandbox.simulation().findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_FALSE(findings[0].job);
}

using TransactionSandboxAdviceTest = SandboxFixture;

std::string clone_advice(SourceLocation where) {
  return "a statement in the transact at " + where.to_string() +
         " cannot run inside a transaction block, and under Strategy::kTransaction every test "
         "stands in one. This test needs a database of its own, "
         "SandboxOptions{.strategy = drydock::Strategy::kClone}, and runs the statement outside of "
         "transact(), on a connection to sandbox.connection_string().";
}

class OutsideOfTransactions : public SandboxFixture,
                              public ::testing::WithParamInterface<std::string> {};

TEST_P(OutsideOfTransactions, is_told_to_use_a_clone) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  SourceLocation where;
  const std::string text = text_of<pqxx::sql_error>([&] {
    where = SourceLocation::current();
    sandbox.database().transact([](Transaction& tx) { tx->exec(GetParam()); }, where);
  });
  const std::size_t begin = text.find("\ndrydock: ");
  ASSERT_NE(begin, std::string::npos) << text;
  EXPECT_EQ(text.substr(begin), "\ndrydock: " + clone_advice(where));
  const SandboxReport report = sandbox.finish();
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_THAT(report.notes, ElementsAre(clone_advice(where)));
}

TEST_P(OutsideOfTransactions, does_as_it_is_told) {
  Sandbox clone(test_database(), {.strategy = Strategy::kClone});
  {
    pqxx::connection connection(clone.connection_string());
    pqxx::nontransaction(connection).exec(GetParam());
  }
  EXPECT_EQ(clone.finish().status(), absl::OkStatus());
}

INSTANTIATE_TEST_SUITE_P(statements, OutsideOfTransactions,
                         ::testing::Values("VACUUM users",
                                           "CREATE INDEX CONCURRENTLY ON users (email)",
                                           "REINDEX TABLE CONCURRENTLY users"));

TEST_F(TransactionSandboxAdviceTest, says_so_of_create_database_too) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  SourceLocation where;
  const std::string text = text_of<pqxx::sql_error>([&] {
    where = SourceLocation::current();
    sandbox.database().transact([](Transaction& tx) { tx->exec("CREATE DATABASE d"); }, where);
  });
  EXPECT_EQ(text, "ERROR:  CREATE DATABASE cannot run inside a transaction block\n\ndrydock: " +
                      clone_advice(where));
  EXPECT_THAT(sandbox.finish().notes, ElementsAre(clone_advice(where)));
}

TEST_F(TransactionSandboxAdviceTest, says_nothing_of_clones_for_other_refusals_of_that_code) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  const std::string text = text_of<pqxx::sql_error>([&] {
    sandbox.database().transact([](Transaction& tx) {
      tx->exec("SELECT 1");
      tx->exec("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");  // 25001, too
    });
  });
  EXPECT_EQ(text.find("drydock"), std::string::npos) << text;
  EXPECT_THAT(sandbox.finish().notes, IsEmpty());
}

}  // namespace
}  // namespace drydock
