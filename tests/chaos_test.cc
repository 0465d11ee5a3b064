// Many tests that fail, throw, escape and lose their connection in every way: afterwards the
// database is as the template.
//
// DRYDOCK_CHAOS_TESTS=10000 (--config=chaos) runs that many tests in place of some hundreds.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <pqxx/pqxx>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"

namespace drydock {
namespace {

constexpr char kSchema[] = R"sql(
  CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
  CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users
    DEFERRABLE INITIALLY DEFERRED, amount int CHECK (amount > 0));
  CREATE TABLE audit (line text);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO audit VALUES (TG_TABLE_NAME || TG_OP); RETURN NULL; END $$;
  CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION note();
  INSERT INTO users (email) SELECT 'user' || i FROM generate_series(1, 50) i;
  INSERT INTO orders (user_id, amount) SELECT i, i FROM generate_series(1, 50) i;
)sql";

int tests_wanted() {
  const char* const wanted = std::getenv("DRYDOCK_CHAOS_TESTS");
  return wanted == nullptr ? 300 : std::atoi(wanted);
}

// What all tables hold, and which objects there are. Sequences do not roll back: they are left out.
std::map<std::string, std::string> checksum(const std::string& url) {
  pqxx::connection connection(url);
  pqxx::work work(connection);
  std::map<std::string, std::string> sums;
  std::vector<std::string> tables;
  for (const auto& row : work.exec("SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' "
                                   "AND relnamespace = 'public'::regnamespace")) {
    tables.push_back(row[0].as<std::string>());
  }
  for (const std::string& table : tables) {
    sums[table] = work.exec1(
                          "SELECT md5(coalesce(string_agg(t::text, ';' ORDER BY t::text), '')) "
                          "FROM " +
                          table + " t")[0]
                      .as<std::string>();
  }
  sums["catalog"] = work.exec1(
                            "SELECT md5(string_agg(oid || relname, ';' ORDER BY oid)) "
                            "FROM pg_class WHERE relnamespace = 'public'::regnamespace")[0]
                        .as<std::string>();
  sums["large objects"] =
      work.exec1("SELECT count(*) FROM pg_largeobject_metadata")[0].as<std::string>();
  return sums;
}

int count(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  return pqxx::work(connection).exec1(sql)[0].as<int>();
}

class ChaosTest : public ::testing::Test {
 protected:
  static TestDatabase& test_database() {
    static absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = kSchema});
    if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
    return *database;
  }

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  // A statement that an application might send, right or wrong.
  std::string statement() {
    const std::string id = std::to_string(1 + below(80));
    switch (below(16)) {
      case 0:
        return "INSERT INTO users (email) VALUES ('new" + id + "')";
      case 1:
        return "UPDATE users SET email = 'user" + id + "' WHERE id = " + std::to_string(below(80));
      case 2:
        return "DELETE FROM orders WHERE id = " + id;
      case 3:
        return "DELETE FROM users WHERE id = " + id;
      case 4:
        return "INSERT INTO orders (user_id, amount) VALUES (" + id + ", " +
               std::to_string(below(5)) + ")";
      case 5:
        return "TRUNCATE audit";
      case 6:
        return "CREATE TABLE made" + id + " (id int REFERENCES users DEFERRABLE)";
      case 7:
        return "ALTER TABLE orders ADD COLUMN c" + id + " int DEFAULT 1";
      case 8:
        return "CREATE TEMP TABLE mine (id int)";
      case 9:
        return "SET LOCAL work_mem = '1MB'";
      case 10:
        return "SELECT lo_from_bytea(0, 'abc')";
      case 11:
        return "DECLARE c CURSOR FOR SELECT * FROM users";
      case 12:
        return "SELECT 1/0";
      case 13:
        return "SAVEPOINT a; INSERT INTO audit VALUES ('x'); ROLLBACK TO a";
      case 14:
        return "SELECT pg_advisory_lock(" + id + ")";
      default:
        return "SELECT * FROM users WHERE id = " + id + " FOR UPDATE";
    }
  }

  // What no application should send.
  std::string wicked_statement() {
    static constexpr const char* kWicked[] = {"COMMIT",
                                              "ROLLBACK",
                                              "COMMIT AND CHAIN",
                                              "ROLLBACK AND CHAIN",
                                              "ROLLBACK; BEGIN",
                                              "PREPARE TRANSACTION 'x'",

                                              "SELECT pg_terminate_backend(pg_backend_pid())",
                                              "COMMIT; INSERT INTO audit VALUES ('escaped')",
                                              "END",
                                              "RELEASE drydock",
                                              "RESET ALL",
                                              "DEALLOCATE ALL"};
    return kWicked[below(std::size(kWicked))];
  }

  void run_body(Database& database, Transaction& tx, int depth) {
    for (int i = below(5); i >= 0; --i) {
      const int what = below(100);
      if (what < 4) tx->exec(wicked_statement());
      if (what < 10) throw std::runtime_error("thrown by the application");
      if (what < 30 && depth < 3) {
        try {
          database.transact([&](Transaction& nested) { run_body(database, nested, depth + 1); });
        } catch (const std::exception&) {
          if (below(4) == 0) throw;
        }
      }
      tx->exec(statement());
    }
  }

  void run_transactions(Sandbox& sandbox, DeferredExecutor& executor) {
    Database& database = sandbox.database();
    for (int i = below(6); i >= 0; --i) {
      TransactionOptions options{.read_only = below(10) == 0};
      try {
        database.transact(options, [&](Transaction& tx) {
          tx.submit(executor, [&] {
            database.transact([&](Transaction& later) { run_body(database, later, 0); });
          });
          run_body(database, tx, 0);
        });
      } catch (const std::exception&) {
      }
      if (below(3) == 0) executor.drain();
    }
  }

  // One test, of an application that fails all the time.
  void run_test() {
    Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
    DeferredExecutor executor(sandbox.simulation());
    run_transactions(sandbox, executor);
    if (below(5) == 0) return;  // ends as by an exception
    static_cast<void>(sandbox.finish());
  }

  std::mt19937_64 random_{20240601};
};

TEST_F(ChaosTest, leaves_the_database_as_the_template) {
  const std::string url = test_database().connection_string();
  const auto before = checksum(url);
  const int tests = tests_wanted();
  for (int test = 0; test < tests; ++test) {
    run_test();
    if (test % 100 == 99) {
      ASSERT_EQ(checksum(url), before) << "after test " << test;
    }
  }
  EXPECT_EQ(checksum(url), before);
  // No session is left but that of the pool and this one's own.
  EXPECT_LE(count(url,
                  "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                  "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"),
            2);
  EXPECT_EQ(count(url,
                  "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                  "(SELECT oid FROM pg_database WHERE datname = current_database())"),
            0);
  EXPECT_EQ(count(url, "SELECT count(*) FROM pg_prepared_xacts"), 0);
}

}  // namespace
}  // namespace drydock
