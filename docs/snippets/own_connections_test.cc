// The code of docs/own_connections.md.

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "drydock/database.h"
#include "drydock/sandbox.h"
#include "drydock/testing/sandbox_test.h"

namespace before {

class UserCounter {
 public:
  explicit UserCounter(const std::string& connection_string) : connection_(connection_string) {}

  int count() {
    pqxx::work work(connection_);
    const int users = work.exec("SELECT count(*) FROM users")[0][0].as<int>();
    work.commit();
    return users;
  }

 private:
  pqxx::connection connection_;
};

}  // namespace before

namespace after {

class UserCounter {
 public:
  explicit UserCounter(drydock::Database& database) : database_(database) {}

  int count() {
    return database_.transact([](drydock::Transaction& tx) {
      return tx->exec("SELECT count(*) FROM users")[0][0].as<int>();
    });
  }

 private:
  drydock::Database& database_;
};

}  // namespace after

namespace {

constexpr char kAddUser[] = "INSERT INTO users (email) VALUES ('ada@example.org')";

class AfterTest : public drydock::SandboxTest {};

TEST_F(AfterTest, CountsUsers) {
  after::UserCounter counter(database());
  database().transact([](drydock::Transaction& tx) { tx->exec(kAddUser); });
  EXPECT_EQ(counter.count(), 1);
}

using before::UserCounter;

class UserCounterTest : public drydock::SandboxTest {};

TEST_F(UserCounterTest, CountsUsers) {
  drydock::Sandbox sandbox(test_database(), {.strategy = drydock::Strategy::kClone});
  UserCounter counter(sandbox.connection_string());
  sandbox.database().transact([](drydock::Transaction& tx) { tx->exec(kAddUser); });
  EXPECT_EQ(counter.count(), 1);
  EXPECT_TRUE(sandbox.finish().status().ok());
}

}  // namespace
