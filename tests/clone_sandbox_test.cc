// What a database of the test's own can that a transaction cannot.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <exception>
#include <future>
#include <latch>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>

#include "drydock/pooled_database.h"
#include "drydock/sandbox.h"
#include "drydock/thread_pool_executor.h"
#include "tests/sandbox_fixture.h"
#include "tests/temporary_folder.h"

namespace drydock {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class CloneSandboxTest : public SandboxFixture {
 protected:
  static bool exists(const std::string& database) {
    pqxx::connection connection(test_database().connection_string());
    pqxx::work work(connection);
    return work.exec1("SELECT count(*) FROM pg_database WHERE datname = " + work.quote(database))[0]
               .as<int>() == 1;
  }
  static std::string name_of(Sandbox& sandbox) {
    return pqxx::connection(sandbox.connection_string()).dbname();
  }
  const SandboxOptions clone_{.strategy = Strategy::kClone};
};

TEST_F(CloneSandboxTest, commits_for_real_in_a_database_of_its_own) {
  Sandbox sandbox(test_database(), clone_);
  add_user(sandbox.database(), "ada@example.org");
  PooledDatabase other(sandbox.connection_string());
  EXPECT_EQ(count_users(other), 1);
  EXPECT_EQ(committed_users(), 0);
  Sandbox next(test_database(), clone_);
  EXPECT_EQ(count_users(next.database()), 0);
  EXPECT_NE(name_of(sandbox), name_of(next));
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(CloneSandboxTest, runs_two_transactions_at_a_time) {
  Sandbox sandbox(test_database(), clone_);
  ThreadPoolExecutor pool({.threads = 1});
  int seen = -1;
  sandbox.database().transact([&](Transaction& tx) {
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
    pool.submit([&] { seen = count_users(sandbox.database()); });
    EXPECT_EQ(pool.wait_idle(absl::Seconds(10)), absl::OkStatus());
  });
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(count_users(sandbox.database()), 1);
}

TEST_F(CloneSandboxTest, says_that_all_its_connections_are_in_use) {
  Sandbox sandbox(test_database(), {.lease_timeout = absl::Milliseconds(20),
                                    .strategy = Strategy::kClone,
                                    .max_connections = 1});
  ThreadPoolExecutor pool({.threads = 1});
  std::string error;
  // wait_idle() would be seen to wait for one that waits for it, which has a message of its own.
  std::latch gave_up(1);
  sandbox.database().transact([&](Transaction&) {
    pool.submit([&] {
      try {
        count_users(sandbox.database());
      } catch (const std::exception& e) {
        error = e.what();
      }
      gave_up.count_down();
    });
    gave_up.wait();
  });
  EXPECT_EQ(pool.wait_idle(absl::Seconds(10)), absl::OkStatus());
  EXPECT_THAT(error, HasSubstr("In use: 1 of max_connections = 1"));
}

TEST_F(CloneSandboxTest, replaces_a_lost_connection_as_the_pool_does) {
  Sandbox sandbox(test_database(), clone_);
  add_user(sandbox.database(), "ada@example.org");
  EXPECT_THROW(sandbox.database().transact([](Transaction& tx) {
    tx->exec("SELECT pg_terminate_backend(pg_backend_pid())");
  }),
               pqxx::broken_connection);
  EXPECT_EQ(count_users(sandbox.database()), 1);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(CloneSandboxTest, is_ready_for_the_first_test_of_a_suite_of_clones) {
  const internal::ScopedVariable strategy("DRYDOCK_STRATEGY", "clone");
  absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = kSchema});
  ASSERT_TRUE(database.ok()) << database.status();
  Sandbox sandbox(*database, clone_);
  EXPECT_NE(name_of(sandbox), database->name());
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  EXPECT_EQ(database->clone_usage().taken, 1);
  EXPECT_EQ(database->clone_usage().waited, 0);
}

TEST_F(CloneSandboxTest, drops_its_database_even_from_under_foreign_connections) {
  std::string name;
  {
    absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = kSchema});
    ASSERT_TRUE(database.ok()) << database.status();
    Sandbox sandbox(*database, clone_);
    name = name_of(sandbox);
    EXPECT_TRUE(exists(name));
    const std::string url = sandbox.connection_string();
    pqxx::connection foreign(url);
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
    EXPECT_EQ(database->clone_usage().taken, 1);
  }
  EXPECT_FALSE(exists(name));
}

TEST_F(CloneSandboxTest, drops_a_database_that_was_in_use_at_the_end_of_the_test) {
  std::string name;
  {
    absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = kSchema});
    ASSERT_TRUE(database.ok()) << database.status();
    Sandbox sandbox(*database, {.lease_timeout = absl::Milliseconds(1),
                                .idle_timeout = absl::Milliseconds(1),
                                .strategy = Strategy::kClone});
    name = name_of(sandbox);
    ThreadPoolExecutor pool({.threads = 1});
    std::promise<void> begun;
    std::promise<void> let_go;
    pool.submit([&sandbox, &begun, released = let_go.get_future()]() mutable {
      sandbox.database().transact([&](Transaction&) {
        begun.set_value();
        released.wait();
      });
    });
    begun.get_future().wait();
    const SandboxReport report = sandbox.finish();
    ASSERT_THAT(report.breaches, SizeIs(2));
    EXPECT_THAT(report.breaches[1], HasSubstr("a transaction was still open when the test ended: "
                                              "the transact at tests/clone_sandbox_test.cc:"));
    let_go.set_value();
    EXPECT_EQ(pool.wait_idle(absl::Seconds(10)), absl::OkStatus());
  }
  EXPECT_FALSE(exists(name));
}

TEST_F(CloneSandboxTest, says_why_it_can_have_no_database) {
  // A schema of this process alone: the same test of another one must keep its template.
  const std::string schema = "CREATE TABLE of_" + std::to_string(::getpid()) + " (id int)";
  absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = schema});
  ASSERT_TRUE(database.ok()) << database.status();
  {
    pqxx::connection connection(test_database().connection_string());
    pqxx::nontransaction work(connection);
    work.exec("DROP DATABASE " + work.quote_name(database->template_name()));
  }
  Sandbox sandbox(*database, {.name = "Suite.test", .strategy = Strategy::kClone});
  try {
    count_users(sandbox.database());
    ADD_FAILURE() << "nothing was thrown";
  } catch (const pqxx::broken_connection& error) {
    EXPECT_THAT(error.what(), HasSubstr("no database for the sandbox of the test 'Suite.test': "
                                        "Cannot copy the template database drydock_template_"));
    EXPECT_THAT(error.what(), HasSubstr("does not exist"));
  }
}

}  // namespace
}  // namespace drydock
