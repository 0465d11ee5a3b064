// Several sandboxes that are open at the same time, in one process: each sees its own rows only.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

class SideBySideTest : public EveryStrategy {
 protected:
  static int count(Database& database) { return count_users(database); }
};
DRYDOCK_UNDER_EVERY_STRATEGY(SideBySideTest);

TEST_P(SideBySideTest, of_one_thread_do_not_see_each_other) {
  Sandbox first(test_database(), with());
  Sandbox second(test_database(), with());
  EXPECT_NE(first.token(), second.token());
  DeferredExecutor executor(first.simulation());
  add_user(first.database(), "ada@example.org");
  EXPECT_EQ(count(second.database()), 0);
  add_user(second.database(), "eve@example.org");
  executor.submit([&] { add_user(first.database(), "bob@example.org"); });
  executor.drain();
  EXPECT_EQ(count(first.database()), 2);
  EXPECT_EQ(count(second.database()), 1);
  // A transaction of one inside a transaction of the other is none inside it.
  first.database().transact([&](Transaction& tx) {
    tx->exec("DELETE FROM users");
    second.database().transact([](Transaction& other) { other->exec("DELETE FROM users"); });
    EXPECT_EQ(count(second.database()), 0);
  });
  EXPECT_EQ(first.finish().status(), absl::OkStatus());
  add_user(second.database(), "zoe@example.org");
  EXPECT_EQ(second.finish().status(), absl::OkStatus());
}

TEST_P(SideBySideTest, of_many_threads_do_not_meet) {
  constexpr int kThreads = 8;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 5; ++round) {
        Sandbox sandbox(test_database(), with());
        EXPECT_EQ(count(sandbox.database()), 0);
        const std::string name = std::to_string(thread) + "@example.org";
        add_user(sandbox.database(), name);
        EXPECT_EQ(count(sandbox.database()), 1);
        EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed_users(), 0);
}

TEST_P(SideBySideTest, of_two_databases_have_their_own_schemas) {
  absl::StatusOr<TestDatabase> other =
      TestDatabase::open({.schema_sql = "CREATE TABLE other (id int)"});
  ASSERT_TRUE(other.ok()) << other.status();
  Sandbox first(test_database(), with());
  Sandbox second(*other, with());
  add_user(first.database(), "ada@example.org");
  second.database().transact([](Transaction& tx) { tx->exec("INSERT INTO other VALUES (1)"); });
  EXPECT_THROW(count(second.database()), pqxx::undefined_table);
  EXPECT_EQ(count(first.database()), 1);
  EXPECT_EQ(first.finish().status(), absl::OkStatus());
  EXPECT_EQ(second.finish().status(), absl::OkStatus());
}

}  // namespace
}  // namespace drydock
