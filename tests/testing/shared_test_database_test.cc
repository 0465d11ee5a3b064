// What the next test of a process gets after its database's session, or its server, has died.

#include "src/testing/shared_test_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "drydock/local_postgres.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"
#include "src/admin_connection.h"
#include "src/owned_database.h"
#include "tests/local_postgres_fixture.h"
#include "tests/temporary_folder.h"
#include "tests/test_database_fixture.h"

namespace drydock::internal {
namespace {

using drydock::ask;
using ::testing::StartsWith;

constexpr char kTable[] = "CREATE TABLE users (email text)";

class SharedTestDatabaseTest : public TestDatabaseFixture {
 protected:
  SharedTestDatabaseTest() { shared_.set_options(options_with(kTable)); }

  TestDatabase& opened() {
    const absl::StatusOr<TestDatabase*> database = shared_.open();
    if (!database.ok()) throw std::runtime_error(database.status().ToString());
    return **database;
  }

  // A test that writes one row and finds no other.
  static void expect_to_work(TestDatabase& database) {
    Sandbox sandbox(database, {.strategy = Strategy::kTransaction});
    EXPECT_EQ(sandbox.database().transact([](Transaction& tx) {
      tx->exec("INSERT INTO users VALUES ('ada@example.org')");
      return tx->exec1("SELECT count(*) FROM users")[0].as<int>();
    }),
              1);
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  }

  static void kill_all_sessions() {
    ask(server(),
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
        "backend_type = 'client backend' AND pid <> pg_backend_pid()");
  }

  // Returns when the server and all its processes have ended.
  static void stop_server(const std::string& uri) {
    pid_t postmaster = 0;
    std::ifstream(ask(uri, "SHOW data_directory") + "/postmaster.pid") >> postmaster;
    ASSERT_NE(postmaster, 0);
    const UniqueFd handle = handle_of(postmaster);
    ::kill(postmaster, SIGINT);
    ASSERT_TRUE(ends_in_time(handle));
  }

  SharedTestDatabase shared_;
};

TEST_F(SharedTestDatabaseTest, stays_where_nothing_has_happened) {
  TestDatabase& database = opened();
  const std::string name = database.name();
  expect_to_work(database);
  EXPECT_EQ(&opened(), &database);
  EXPECT_EQ(database.name(), name);
}

TEST_F(SharedTestDatabaseTest, owns_its_database_again_after_its_session_has_been_killed) {
  TestDatabase& database = opened();
  const std::string name = database.name();
  kill_all_sessions();
  EXPECT_EQ(opened().name(), name);
  absl::StatusOr<AdminConnection> other = AdminConnection::open(server(), "");
  ASSERT_TRUE(other.ok());
  drop_abandoned_databases(*other, 100);
  expect_to_work(database);
  shared_.close();
  EXPECT_FALSE(exists(name));
}

TEST_F(SharedTestDatabaseTest, makes_another_database_where_its_own_was_dropped_meanwhile) {
  TestDatabase& database = opened();
  const std::string name = database.name();
  kill_all_sessions();
  ask(server(), "DROP DATABASE " + name);
  EXPECT_EQ(&opened(), &database);
  EXPECT_NE(database.name(), name);
  expect_to_work(database);
}

TEST_F(SharedTestDatabaseTest, starts_a_local_server_again_that_has_died) {
  static const TemporaryFolder home;  // outlives the server
  const ScopedVariable own("DRYDOCK_HOME", home.path().c_str());
  const ScopedVariable no_longer("DRYDOCK_IDLE_SECONDS", "0");
  TestDatabaseOptions options = options_with(kTable);
  options.url = "";
  shared_.set_options(options);
  TestDatabase& database = opened();
  const std::string name = database.name();
  expect_to_work(database);
  stop_server(LocalPostgres::shared().connection_string());
  EXPECT_EQ(&opened(), &database);
  EXPECT_NE(database.name(), name);
  expect_to_work(database);
}

TEST_F(SharedTestDatabaseTest, says_in_each_test_that_the_named_server_has_gone) {
  const ServerPtr stopping = start_server();
  TestDatabaseOptions options = options_with(kTable);
  options.url = stopping->connection_string();
  shared_.set_options(options);
  expect_to_work(opened());
  stop_server(options.url);
  for (int test = 0; test < 2; ++test) {
    EXPECT_THAT(std::string(shared_.open().status().message()),
                StartsWith("Cannot connect to the PostgreSQL server that TestDatabaseOptions::url "
                           "names: " +
                           options.url + "\n  connection to server on socket "));
  }
}

}  // namespace
}  // namespace drydock::internal
