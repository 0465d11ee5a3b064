// The makers of clones: several at a time, and what becomes of the clones.

#include "src/clone_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "src/admin_connection.h"
#include "src/owned_database.h"
#include "tests/no_more_threads.h"
#include "tests/test_database_fixture.h"

namespace drydock::internal {
namespace {

using ::testing::HasSubstr;

class ClonePoolTest : public TestDatabaseFixture {
 protected:
  static constexpr char kCountClones[] =
      "SELECT count(*) FROM pg_database WHERE datname ~ '^drydock_[0-9]+_'";
  static constexpr char kCountLocks[] = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";

  static Clone take_from(ClonePool& pool) {
    absl::StatusOr<Clone> clone = pool.take();
    if (!clone.ok()) throw std::runtime_error(clone.status().ToString());
    return *std::move(clone);
  }

  static std::string server_as(const std::string& role) {
    std::string uri = server();
    return uri.replace(uri.find("postgres@"), std::string("postgres").size(), role);
  }

  // Ends the makers' sessions, as a test may that cleans up a server.
  static void kill_all_sessions() {
    ask(server(),
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
        "backend_type = 'client backend' AND pid <> pg_backend_pid()");
  }

  static void await_owner_of(const Clone& clone) {
    const std::string owners =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = (('x00000000' || "
        "right('" +
        clone.name + "', 8))::bit(64)::bigint)::oid";
    while (ask(server(), owners) != "1") std::this_thread::yield();
  }
};

TEST_F(ClonePoolTest, gives_each_thread_clones_of_its_own_and_drops_them_all) {
  constexpr int kThreads = 4;
  constexpr int kTests = 6;
  std::mutex mutex;
  std::set<std::string> names;
  {
    ClonePool pool(server(), "template0", true, 1);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int test = 0; test < kTests; ++test) {
          Clone clone = take_from(pool);
          EXPECT_EQ(ask(clone.connection_string, "SELECT current_database()"), clone.name);
          const std::lock_guard<std::mutex> lock(mutex);
          names.insert(clone.name);
          pool.give_back(std::move(clone));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(names.size(), std::size_t{kThreads * kTests});
    EXPECT_EQ(pool.usage().taken, kThreads * kTests);
  }
  EXPECT_EQ(ask(server(), kCountClones), "0");
  EXPECT_EQ(ask(server(), kCountLocks), "0");
}

TEST_F(ClonePoolTest, drops_a_clone_that_comes_back_after_the_end) {
  ClonePool pool(server(), "template0", true, 1);
  Clone clone = take_from(pool);
  const std::string name = clone.name;
  pool.end();
  EXPECT_EQ(ask(server(), kCountClones), "1");
  pool.give_back(std::move(clone));
  EXPECT_FALSE(exists(name));
  EXPECT_THAT(pool.take().status().message(), HasSubstr("the test database has been closed"));
}

// Without a pause between them tests wait, and a second maker begins, which finds no connection.
TEST_F(ClonePoolTest, makes_do_with_one_connection_where_the_server_gives_no_more) {
  ask(server(), "CREATE ROLE lonely LOGIN CREATEDB CONNECTION LIMIT 1");
  {
    ClonePool pool(server_as("lonely"), "template0", false, 1);
    std::vector<Clone> clones;
    for (int test = 0; test < 6; ++test) clones.push_back(take_from(pool));
    for (Clone& clone : clones) pool.give_back(std::move(clone));
  }
  EXPECT_EQ(ask(server(), kCountClones), "0");
  ask(server(), "DROP ROLE lonely");
}

TEST_F(ClonePoolTest, has_the_first_three_after_waiting_until_they_are_ready) {
  ClonePool pool(server(), "template0", true, 8);
  pool.wait_until_ready();
  EXPECT_EQ(ask(server(), kCountClones), "3");
  std::vector<Clone> clones;
  for (int test = 0; test < 3; ++test) clones.push_back(take_from(pool));
  EXPECT_EQ(pool.usage().waited, 0);
  for (Clone& clone : clones) pool.give_back(std::move(clone));
}

TEST_F(ClonePoolTest, waits_for_one_where_only_one_is_kept) {
  ClonePool pool(server(), "template0", true, 1);
  pool.wait_until_ready();
  EXPECT_EQ(ask(server(), kCountClones), "1");
  pool.give_back(take_from(pool));
  EXPECT_EQ(pool.usage().waited, 0);
}

TEST_F(ClonePoolTest, does_not_wait_for_what_cannot_be_made) {
  ClonePool pool(server(), "no_such_template", true, 1);
  pool.wait_until_ready();
  EXPECT_THAT(pool.take().status().message(),
              HasSubstr("Cannot copy the template database no_such_template for a test: "));
}

TEST_F(ClonePoolTest, tries_again_for_the_next_test_what_has_failed_for_one) {
  ClonePool pool(server(), "late_template", true, 1);
  EXPECT_EQ(pool.take().status().message(),
            "Cannot copy the template database late_template for a test: template database "
            "\"late_template\" does not exist");
  EXPECT_EQ(ask(server(), kCountLocks), "0");
  ask(server(), "CREATE DATABASE late_template");
  for (int test = 0; test < 3; ++test) pool.give_back(take_from(pool));
  pool.end();
  ask(server(), "DROP DATABASE late_template");
}

TEST_F(ClonePoolTest, connects_for_the_next_test_where_it_could_not_for_one) {
  ask(server(), "CREATE ROLE patient LOGIN CREATEDB CONNECTION LIMIT 0");
  {
    ClonePool pool(server_as("patient"), "template0", false, 1);
    for (int test = 0; test < 3; ++test) {
      EXPECT_THAT(pool.take().status().message(),
                  HasSubstr("FATAL:  too many connections for role \"patient\""));
    }
    ask(server(), "ALTER ROLE patient CONNECTION LIMIT 9");
    for (int test = 0; test < 3; ++test) pool.give_back(take_from(pool));
  }
  EXPECT_EQ(ask(server(), kCountClones), "0");
  ask(server(), "DROP ROLE patient");
}

TEST_F(ClonePoolTest, goes_on_after_its_sessions_have_been_killed) {
  ClonePool pool(server(), "template0", true, 3);
  std::vector<Clone> clones;
  clones.push_back(take_from(pool));
  kill_all_sessions();
  for (int test = 0; test < 5; ++test) clones.push_back(take_from(pool));
  for (Clone& clone : clones) {
    EXPECT_EQ(ask(clone.connection_string, "SELECT current_database()"), clone.name);
    pool.give_back(std::move(clone));
  }
  kill_all_sessions();
  pool.end();
  EXPECT_EQ(ask(server(), kCountClones), "0");
  EXPECT_EQ(ask(server(), kCountLocks), "0");
}

// Else any other process that opens a test database would drop it under the test that uses it.
TEST_F(ClonePoolTest, owns_the_clones_in_use_again_after_its_session_has_been_killed) {
  ClonePool pool(server(), "template0", true, 1);
  Clone clone = take_from(pool);
  kill_all_sessions();
  pool.give_back(take_from(pool));
  pool.give_back(take_from(pool));
  await_owner_of(clone);
  absl::StatusOr<AdminConnection> other = AdminConnection::open(server(), "");
  ASSERT_TRUE(other.ok());
  drop_abandoned_databases(*other, 100);
  EXPECT_TRUE(exists(clone.name));
  pool.give_back(std::move(clone));
}

TEST_F(ClonePoolTest, says_that_no_thread_can_be_started) {
  ClonePool pool(server(), "template0", true, 3);
  const NoMoreThreads none;
  pool.wait_until_ready();
  EXPECT_THAT(pool.take().status().message(),
              HasSubstr("Cannot start a thread that copies the template database for tests: "));
}

TEST_F(ClonePoolTest, makes_do_with_one_thread_where_no_other_can_be_started) {
  ClonePool pool(server(), "template0", true, 3);
  pool.wait_until_ready();
  const NoMoreThreads none;
  for (int test = 0; test < 6; ++test) pool.give_back(take_from(pool));
  EXPECT_EQ(pool.usage().taken, 6);
}

// The clones that are still used count too: the server shows each of them.
TEST_F(ClonePoolTest, keeps_the_more_ready_the_more_are_taken_and_as_many_as_it_is_told) {
  ClonePool pool(server(), "template0", true, 7);
  std::vector<Clone> used;
  const auto await_ready = [&](std::size_t ready) {
    const std::string all = std::to_string(used.size() + ready);
    while (ask(server(), kCountClones) != all) std::this_thread::yield();
  };
  pool.start();
  await_ready(3);
  for (const std::size_t ready : {3, 4, 6, 7, 7}) {
    used.push_back(take_from(pool));
    await_ready(ready);
  }
  EXPECT_EQ(pool.usage().waited, 0);
  for (Clone& clone : used) pool.give_back(std::move(clone));
}

}  // namespace
}  // namespace drydock::internal
