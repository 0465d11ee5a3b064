// What the tests of the sandbox share: a database with three tables, and helpers.
#ifndef DRYDOCK_TESTS_SANDBOX_FIXTURE_H_
#define DRYDOCK_TESTS_SANDBOX_FIXTURE_H_

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <stdexcept>
#include <string>

#include "drydock/database.h"
#include "drydock/sandbox.h"
#include "drydock/strategy.h"
#include "drydock/test_database.h"

namespace drydock {

inline constexpr char kSchema[] = R"sql(
  CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
  CREATE TABLE parents (id int PRIMARY KEY);
  CREATE TABLE children (
    parent int REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
)sql";

// What `Error` says that `call` throws.
template <class Error, class Call>
std::string text_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class SandboxFixture : public ::testing::Test {
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

// For what holds under every strategy.
class EveryStrategy : public SandboxFixture, public ::testing::WithParamInterface<Strategy> {
 protected:
  // The options of a sandbox under the strategy of this run.
  static SandboxOptions with(SandboxOptions options = {}) {
    options.strategy = GetParam();
    return options;
  }
};

}  // namespace drydock

// To be repeated for each class derived from `EveryStrategy`.
#define DRYDOCK_UNDER_EVERY_STRATEGY(fixture)                                            \
  INSTANTIATE_TEST_SUITE_P(                                                              \
      strategies, fixture,                                                               \
      ::testing::Values(::drydock::Strategy::kTransaction, ::drydock::Strategy::kClone), \
      [](const auto& info) { return ::drydock::to_string(info.param); })

#endif  // DRYDOCK_TESTS_SANDBOX_FIXTURE_H_
