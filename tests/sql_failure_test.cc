// What fails in a statement of drydock's own throws the same as in a statement through libpqxx.
#include "src/sql_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <pqxx/pqxx>
#include <string>
#include <typeinfo>

#include "absl/time/time.h"
#include "src/connection.h"
#include "tests/scratch_database.h"

namespace drydock::internal {
namespace {

struct Thrown {
  std::string type;
  std::string message;
  std::string sqlstate;
  std::string query;
};

Thrown thrown_by(const std::function<void()>& call) {
  try {
    call();
  } catch (const pqxx::sql_error& error) {
    return {typeid(error).name(), error.what(), error.sqlstate(), error.query()};
  } catch (const std::exception& error) {
    return {typeid(error).name(), error.what(), "", ""};
  }
  return {"nothing", "", "", ""};
}

std::string raise(const std::string& sqlstate) {
  return "DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '" + sqlstate + "'; END $$";
}

class SqlFailure : public ::testing::TestWithParam<const char*> {};

TEST_P(SqlFailure, ThrowsWhatLibpqxxThrows) {
  const testing::ScratchDatabase database;
  const auto connection = Connection::open(database.connection_string(), absl::Seconds(5));
  const std::string sql = raise(GetParam());
  const Thrown expected = thrown_by([&] { pqxx::nontransaction(connection->pqxx()).exec(sql); });
  const Thrown actual = thrown_by([&] { connection->exec_raw(sql); });
  EXPECT_EQ(actual.type, expected.type);
  EXPECT_EQ(actual.message, expected.message);
  // libpqxx 6.4 forgets that of 42501.
  if (!expected.sqlstate.empty()) {
    EXPECT_EQ(actual.sqlstate, expected.sqlstate);
  }
  EXPECT_EQ(actual.query, expected.query);
  EXPECT_TRUE(connection->healthy());
}

INSTANTIATE_TEST_SUITE_P(AllThatLibpqxxKnows, SqlFailure,
                         ::testing::Values("0A000", "22012", "23000", "23001", "23502", "23503",
                                           "23505", "23514", "24000", "25P02", "26000", "34000",
                                           "40000", "40001", "40002", "40003", "40P01", "42501",
                                           "42601", "42703", "42883", "42P01", "42P02", "53000",
                                           "53100", "53200", "53300", "57014", "P0001", "P0002",
                                           "P0003", "P0004", "XX000"));

TEST(SqlFailureTest, ASyntaxErrorKeepsItsPosition) {
  const testing::ScratchDatabase database;
  const auto connection = Connection::open(database.connection_string(), absl::Seconds(5));
  try {
    connection->exec_raw("SELECT 1 FORM x");
    FAIL() << "nothing thrown";
  } catch (const pqxx::syntax_error& error) {
    EXPECT_EQ(error.error_position, 15);
  }
}

TEST(SqlFailureTest, AStatementThatTheServerEndsIsABrokenConnection) {
  const testing::ScratchDatabase database;
  const auto connection = Connection::open(database.connection_string(), absl::Seconds(5));
  EXPECT_THROW(connection->exec_raw("SELECT pg_terminate_backend(pg_backend_pid())"),
               pqxx::broken_connection);
  EXPECT_FALSE(connection->healthy());
  EXPECT_EQ(connection->raw(), nullptr);
  EXPECT_EQ(connection->transaction_status(), PQTRANS_UNKNOWN);
  EXPECT_THROW(connection->exec_raw("SELECT 1"), pqxx::broken_connection);
}

}  // namespace
}  // namespace drydock::internal
