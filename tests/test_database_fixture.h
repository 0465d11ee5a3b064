// What the tests of `TestDatabase` stand on: a server of their own, and shorthands.
#ifndef DRYDOCK_TESTS_TEST_DATABASE_FIXTURE_H_
#define DRYDOCK_TESTS_TEST_DATABASE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "drydock/test_database.h"
#include "src/admin_connection.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "tests/temporary_folder.h"

namespace drydock {

inline constexpr const char* kServerEnvironment[] = {"DRYDOCK_SCHEMA",
                                                     "DRYDOCK_SCHEMA_COMMAND",
                                                     "DRYDOCK_SCHEMA_INPUTS",
                                                     "DRYDOCK_SCHEMA_KEY",
                                                     "DRYDOCK_DATABASE_URL",
                                                     "PGHOST",
                                                     "PGHOSTADDR",
                                                     "PGPORT",
                                                     "PGDATABASE",
                                                     "PGSERVICE"};

inline std::string ask(const std::string& uri, const std::string& sql) {
  absl::StatusOr<internal::AdminConnection> connection = internal::AdminConnection::open(uri, "");
  if (!connection.ok()) return std::string(connection.status().message());
  const auto rows = connection->query(sql);
  if (!rows.ok()) return std::string(rows.status().message());
  return rows->empty() ? "no rows" : rows->at(0).empty() ? "a row" : rows->at(0).at(0);
}

// On a server of this program's own, so that what other tests leave there is not counted.
class TestDatabaseFixture : public ::testing::Test {
 protected:
  using ServerPtr = std::unique_ptr<internal::LocalPostgresServer>;

  static void SetUpTestSuite() { server_ = start_server().release(); }
  static void TearDownTestSuite() { delete std::exchange(server_, nullptr); }

  TestDatabaseFixture() {
    for (const char* name : kServerEnvironment) {
      environment_.push_back(std::make_unique<internal::ScopedVariable>(name, nullptr));
    }
  }

  // One more, for a test that stops it: it goes with its object.
  static ServerPtr start_server() {
    absl::StatusOr<internal::LocalPostgresOptions> options =
        internal::LocalPostgresOptions::from_environment();
    if (!options.ok()) throw std::runtime_error(options.status().ToString());
    absl::StatusOr<ServerPtr> server =
        internal::LocalPostgresServer::start_private(*std::move(options));
    if (!server.ok()) throw std::runtime_error(server.status().ToString());
    return *std::move(server);
  }

  static const std::string& server() { return server_->connection_string(); }

  static const std::string& server_folder() { return server_->folder(); }

  static TestDatabaseOptions options_with(std::string sql) {
    TestDatabaseOptions options;
    options.schema_sql = std::move(sql);
    options.url = server();
    return options;
  }

  static TestDatabaseOptions options_with_files(std::vector<std::string> files) {
    TestDatabaseOptions options;
    options.schema_files = std::move(files);
    options.url = server();
    return options;
  }

  static TestDatabase open(TestDatabaseOptions options) {
    absl::StatusOr<TestDatabase> database = TestDatabase::open(std::move(options));
    if (!database.ok()) throw std::runtime_error(database.status().ToString());
    return *std::move(database);
  }

  static std::string error_of(TestDatabaseOptions options) {
    const absl::StatusOr<TestDatabase> database = TestDatabase::open(std::move(options));
    return database.ok() ? "no error" : std::string(database.status().message());
  }

  static bool exists(const std::string& database) {
    return ask(server(), "SELECT FROM pg_database WHERE datname = '" + database + "'") == "a row";
  }

  internal::TemporaryFolder folder_;

 private:
  static inline internal::LocalPostgresServer* server_ = nullptr;
  std::vector<std::unique_ptr<internal::ScopedVariable>> environment_;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_TEST_DATABASE_FIXTURE_H_
