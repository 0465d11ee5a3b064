// What a sandbox sends to the server, and how it knows at its end that its transaction is its own.

#include "src/sandbox_connection.h"

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "drydock/sandbox.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

class SandboxConnectionTest : public SandboxFixture {
 protected:
  // Of the session that the last sandbox used.
  static std::string session_state(const std::string& pid) {
    pqxx::connection connection(test_database().connection_string());
    return pqxx::work(connection)
        .exec1("SELECT state FROM pg_stat_activity WHERE pid = " + pid)[0]
        .as<std::string>();
  }
  static std::string pid_of(Database& database) {
    return database.transact(
        [](Transaction& tx) { return tx->exec1("SELECT pg_backend_pid()")[0].as<std::string>(); });
  }
};

TEST_F(SandboxConnectionTest, sends_nothing_for_a_body_that_sends_nothing) {
  std::string pid;
  {
    Sandbox first(test_database(), {.strategy = Strategy::kTransaction});
    pid = pid_of(first.database());
    EXPECT_EQ(session_state(pid), "idle in transaction");
  }
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  bool committed = false;
  sandbox.database().transact([&](Transaction& tx) { tx.on_commit([&] { committed = true; }); });
  EXPECT_TRUE(committed);
  EXPECT_EQ(session_state(pid), "idle");
  EXPECT_EQ(pid_of(sandbox.database()), pid);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxConnectionTest, keeps_what_was_written_when_a_later_body_throws_before_it_sends) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  add_user(sandbox.database(), "ada@example.org");
  EXPECT_THROW(sandbox.database().transact([](Transaction&) { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxConnectionTest, begins_the_outer_transaction_for_a_nested_one) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  Database& database = sandbox.database();
  database.transact([&](Transaction&) {
    EXPECT_THROW(database.transact([](Transaction& tx) {
      tx->exec("INSERT INTO users (email) VALUES ('bob@example.org')");
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    add_user(database, "ada@example.org");
  });
  EXPECT_EQ(count_users(database), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxConnectionTest, says_in_the_servers_error_what_a_commit_met) {
  internal::SandboxConnection connection(test_database().connection_string());
  connection.begin({});
  try {
    connection.connection().exec_raw("COMMIT");
    ADD_FAILURE() << "the commit went through";
  } catch (const pqxx::sql_error& error) {
    EXPECT_STREQ(error.what(),
                 "ERROR:  unrecognized configuration parameter "
                 "\"drydock: a sandbox is never committed\"\n");
  }
}

// What `exec_raw` sends is not watched: only the end is left to notice it.
TEST_F(SandboxConnectionTest, notices_at_the_end_that_its_transaction_was_exchanged) {
  internal::SandboxConnection connection(test_database().connection_string());
  connection.begin({});
  connection.commit();
  connection.connection().exec_raw("ROLLBACK AND CHAIN");
  EXPECT_EQ(connection.escape(), "");
  EXPECT_FALSE(connection.reset());
  EXPECT_EQ(connection.escape(), "the sandbox's savepoint is gone");
}

// The first message of an outer transaction fails as a whole: nothing has begun.
TEST_F(SandboxConnectionTest, begins_again_after_a_beginning_that_failed) {
  internal::SandboxConnection connection(test_database().connection_string());
  connection.set_prologue("SELECT 1/0;");
  EXPECT_THROW(connection.begin({}), pqxx::sql_error);
  connection.roll_back();
  EXPECT_EQ(connection.escape(), "");
  EXPECT_TRUE(connection.reset());
  connection.expect_transaction();
  connection.begin({});
  connection.commit();
  EXPECT_TRUE(connection.reset());
}

TEST_F(SandboxConnectionTest, is_ready_for_the_next_after_an_ordinary_end) {
  internal::SandboxConnection connection(test_database().connection_string());
  for (int i = 0; i < 3; ++i) {
    connection.begin({});
    connection.commit();
    EXPECT_TRUE(connection.reset());
  }
}

}  // namespace
}  // namespace drydock
