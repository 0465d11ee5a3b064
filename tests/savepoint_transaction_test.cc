// Everything that libpqxx can do works on a transaction whose BEGIN and SAVEPOINT were sent raw,
// the same with every version of libpqxx.
#include "src/savepoint_transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "drydock/transaction_errors.h"
#include "src/connection.h"
#include "tests/scratch_database.h"

namespace drydock::internal {
namespace {

class SavepointTransactionTest : public ::testing::Test {
 protected:
  SavepointTransactionTest() {
    connection_->exec_raw("CREATE TABLE t (n int PRIMARY KEY, word text)");
    connection_->exec_raw("BEGIN; SAVEPOINT s");
    sql_ = std::make_unique<SavepointTransaction>(*connection_, where_);
  }

  std::string ended_text(const std::string& call) const {
    return "drydock: the body of the transact at " + where_.to_string() + " called " + call +
           " on its transaction. Return from the body to commit, throw an exception out of it to "
           "roll back.";
  }
  std::string value(const std::string& query) { return sql_->exec(query).at(0).at(0).c_str(); }

  testing::ScratchDatabase database_;
  std::unique_ptr<Connection> connection_ =
      Connection::open(database_.connection_string(), absl::Seconds(5));
  const SourceLocation where_ = SourceLocation::current();
  std::unique_ptr<SavepointTransaction> sql_;
};

TEST_F(SavepointTransactionTest, EndSendsNothingAndTheOwnerReleases) {
  sql_->exec("INSERT INTO t VALUES (1, 'one')");
  sql_->end();
  EXPECT_EQ(connection_->transaction_status(), PQTRANS_INTRANS);
  connection_->exec_raw("RELEASE SAVEPOINT s; COMMIT");
  EXPECT_EQ(database_.query("SELECT word FROM t"), "one");
}

TEST_F(SavepointTransactionTest, AbandonSendsNothingAndTheOwnerRollsBack) {
  sql_->exec("INSERT INTO t VALUES (1, 'one')");
  sql_->abandon();
  sql_.reset();
  EXPECT_EQ(connection_->transaction_status(), PQTRANS_INTRANS);
  connection_->exec_raw("ROLLBACK TO SAVEPOINT s; RELEASE SAVEPOINT s; COMMIT");
  EXPECT_EQ(database_.query("SELECT count(*) FROM t"), "0");
}

TEST_F(SavepointTransactionTest, ALaterOneTakesThePlaceOfAnEarlierOne) {
  sql_->exec("INSERT INTO t VALUES (1, 'one')");
  sql_->end();
  sql_.reset();
  connection_->exec_raw("RELEASE SAVEPOINT s; SAVEPOINT s");
  sql_ = std::make_unique<SavepointTransaction>(*connection_, SourceLocation::current());
  EXPECT_EQ(value("SELECT word FROM t"), "one");
}

TEST_F(SavepointTransactionTest, ParametersAndPreparedStatements) {
  EXPECT_EQ(sql_->exec_params("INSERT INTO t VALUES ($1, $2)", 1, "one").affected_rows(), 1U);
  connection_->pqxx().prepare("add", "INSERT INTO t VALUES ($1, $2) RETURNING n");
  EXPECT_EQ(sql_->exec_prepared("add", 2, "two").at(0).at(0).as<int>(), 2);
  EXPECT_EQ(value("SELECT count(*) FROM t"), "2");
}

TEST_F(SavepointTransactionTest, AFailingExecLeavesItOpenAndTheServerRefusesTheRest) {
  EXPECT_THROW(sql_->exec("SELECT 1/0"), pqxx::data_exception);
  EXPECT_EQ(connection_->transaction_status(), PQTRANS_INERROR);
  try {
    sql_->exec("INSERT INTO t VALUES (1, 'one')");
    FAIL() << "nothing thrown";
  } catch (const pqxx::sql_error& error) {
    EXPECT_EQ(error.sqlstate(), "25P02");
  }
  EXPECT_THROW(sql_->exec_params("INSERT INTO t VALUES ($1, 'two')", 2), pqxx::sql_error);
  sql_->abandon();
  connection_->exec_raw("ROLLBACK TO SAVEPOINT s; COMMIT");
  EXPECT_EQ(database_.query("SELECT count(*) FROM t"), "0");
}

TEST_F(SavepointTransactionTest, AFailingParameterisedStatementDoesTheSame) {
  EXPECT_THROW(sql_->exec_params("SELECT 1/$1::int", 0), pqxx::data_exception);
  EXPECT_THROW(sql_->exec("INSERT INTO t VALUES (1, 'one')"), pqxx::sql_error);
}

TEST_F(SavepointTransactionTest, StreamsInAndOut) {
  {
    pqxx::stream_to in(*sql_, "t");
    in << std::make_tuple(1, "one") << std::make_tuple(2, "two");
    in.complete();
  }
  EXPECT_EQ(value("SELECT string_agg(word, ',' ORDER BY n) FROM t"), "one,two");
  std::vector<std::string> words;
  {
    pqxx::stream_from out(*sql_, "t");
    std::tuple<int, std::string> row;
    while (out >> row) words.push_back(std::get<1>(row));
    out.complete();
  }
  EXPECT_THAT(words, ::testing::ElementsAre("one", "two"));
  EXPECT_EQ(value("SELECT count(*) FROM t"), "2");
}

TEST_F(SavepointTransactionTest, ASubtransactionCommitsAndRollsBackWithinIt) {
  {
    pqxx::subtransaction kept(*sql_, "kept");
    kept.exec("INSERT INTO t VALUES (1, 'one')");
    kept.commit();
  }
  {
    pqxx::subtransaction dropped(*sql_, "dropped");
    dropped.exec("INSERT INTO t VALUES (2, 'two')");
    EXPECT_THROW(dropped.exec("INSERT INTO t VALUES (1, 'again')"), pqxx::unique_violation);
    dropped.abort();
  }
  EXPECT_EQ(value("SELECT string_agg(word, ',') FROM t"), "one");
  sql_->end();
  connection_->exec_raw("RELEASE SAVEPOINT s; COMMIT");
  EXPECT_EQ(database_.query("SELECT count(*) FROM t"), "1");
}

TEST_F(SavepointTransactionTest, ASecondTransactionOnTheConnectionIsLibpqxxsUsageError) {
  EXPECT_THROW(pqxx::work(connection_->pqxx()), pqxx::usage_error);
}

TEST_F(SavepointTransactionTest, CommitByTheBodySaysWhatToDoInstead) {
  try {
    sql_->commit();
    FAIL() << "nothing thrown";
  } catch (const TransactionMisuseError& error) {
    EXPECT_EQ(std::string(error.what()), ended_text("commit()"));
  }
  EXPECT_THROW(sql_->end(), TransactionMisuseError);
}

TEST_F(SavepointTransactionTest, AbortByTheBodyIsReportedAtTheEnd) {
  sql_->exec("INSERT INTO t VALUES (1, 'one')");
  sql_->abort();
  EXPECT_EQ(connection_->transaction_status(), PQTRANS_INTRANS);
  try {
    sql_->end();
    FAIL() << "nothing thrown";
  } catch (const TransactionMisuseError& error) {
    EXPECT_EQ(std::string(error.what()), ended_text("abort()"));
  }
}

}  // namespace
}  // namespace drydock::internal
