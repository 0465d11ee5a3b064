// Processes that are killed at any moment of a test, or while they start the server: afterwards no
// row, connection, database, lock, server process, file or socket of theirs is left.
//
// DRYDOCK_CHAOS_TESTS=10000 (--config=chaos) kills more of them; see chaos_test.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"
#include "tests/local_postgres_fixture.h"

namespace drydock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kSchema[] =
    "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);"
    "INSERT INTO users (email) SELECT 'user' || i FROM generate_series(1, 50) i;";

int processes_wanted() {
  const char* const tests = std::getenv("DRYDOCK_CHAOS_TESTS");
  return tests == nullptr ? 16 : std::max(16, std::atoi(tests) / 50);
}

// The system kills this process when `microseconds` have passed, whatever it does then.
void be_killed_in(int microseconds) {
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer = {};
  const itimerspec once = {.it_interval = {},
                           .it_value = {.tv_sec = 0, .tv_nsec = 1'000L * (microseconds + 1)}};
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) ::_exit(3);
  if (::timer_settime(timer, 0, &once, nullptr) != 0) ::_exit(3);
}

void run_test(TestDatabase& database, Strategy strategy) {
  Sandbox sandbox(database, {.strategy = strategy});
  DeferredExecutor executor(sandbox.simulation());
  sandbox.database().transact([&](Transaction& tx) {
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
    tx.submit(executor, [&] {
      sandbox.database().transact([](Transaction& later) { later->exec("DELETE FROM users"); });
    });
  });
  executor.drain();
  static_cast<void>(sandbox.finish());
}

// Of a process that could not do what it is to be killed in.
[[noreturn]] void give_up(const absl::Status& status) {
  std::cerr << status << std::endl;
  ::_exit(2);
}

// Tests without end.
[[noreturn]] void test_until_killed(const std::string& url, Strategy strategy) {
  absl::StatusOr<TestDatabase> database = TestDatabase::open({.schema_sql = kSchema, .url = url});
  if (!database.ok()) give_up(database.status());
  while (true) run_test(*database, strategy);
}

std::string contents(const TestDatabase& database) {
  return drydock::internal::AdminConnection::open(database.connection_string(), "")
      ->query("SELECT md5(string_agg(u::text, ';' ORDER BY id)) FROM users u")
      ->at(0)
      .at(0);
}

// Programs that were started with, or work in, a folder below `parent`.
std::vector<std::string> programs_in(const std::string& parent) {
  std::vector<std::string> found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const std::string process = entry.path().string();
    std::ifstream file(process + "/cmdline");
    const std::string command(std::istreambuf_iterator<char>(file), {});
    const std::string folder = std::filesystem::read_symlink(process + "/cwd", failed).string();
    if (command.find(parent) != std::string::npos || folder.rfind(parent, 0) == 0) {
      found.push_back(process + ": " + command);
    }
  }
  return found;
}

class ChaosProcessTest : public LocalPostgresFixture {
 protected:
  // Runs `body` in `count` processes, some at a time, each killed within `most` microseconds.
  template <class Body>
  void kill_many(int count, int most, Body body) {
    constexpr int kAtATime = 4;
    for (int i = 0; i < count; ++i) {
      const int delay = std::uniform_int_distribution<int>(0, most)(random_);
      const pid_t child = ::fork();
      if (child == 0) {
        be_killed_in(delay);
        body(i);
        ::_exit(1);
      }
      running_.push_back(child);
      if (running_.size() == kAtATime) await_one();
    }
    while (!running_.empty()) await_one();
  }

  void await_one() {
    int status = 0;
    ASSERT_EQ(::waitpid(running_.front(), &status, 0), running_.front());
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    running_.erase(running_.begin());
  }

  static bool becomes(const LocalPostgresServer& server, const std::string& count,
                      const std::string& relation) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (ask(server, "SELECT count(*) FROM " + relation) != count) {
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }

  // When the last user has gone.
  void expect_nothing_left() {
    LocalPostgresFixture::TearDown();
    EXPECT_THAT(names_in(home()), ElementsAre(StartsWith("initdb-")));
    if (memory_ != nullptr) {
      EXPECT_THAT(names_in(memory_->path()), IsEmpty());
    }
    EXPECT_THAT(programs_left(), IsEmpty());
  }

  // Those that do not end by themselves: a keeper whose starter was killed, and that another one
  // has followed, ends when it sees that.
  std::vector<std::string> programs_left() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::vector<std::string> found = programs_in(shared_home_->path());
    while (!found.empty() && std::chrono::steady_clock::now() < deadline) {
      found = programs_in(shared_home_->path());
    }
    return found;
  }

  std::mt19937_64 random_{20240601};
  std::vector<pid_t> running_;
};

TEST_F(ChaosProcessTest, leaves_nothing_of_processes_that_were_killed_in_a_test) {
  LocalPostgresServer& server = join();
  const std::string& url = server.connection_string();
  {
    const absl::StatusOr<TestDatabase> own =
        TestDatabase::open({.schema_sql = kSchema, .url = url});
    ASSERT_TRUE(own.ok()) << own.status();
    const std::string before = contents(*own);
    kill_many(processes_wanted(), 60'000, [&](int i) {
      test_until_killed(url, i % 2 == 0 ? Strategy::kTransaction : Strategy::kClone);
    });
    // The server first ends what it does for the dead, a CREATE DATABASE for one. This process has
    // the connection that made the database, with its lock, and the one that asks.
    EXPECT_TRUE(becomes(server, "2", "pg_stat_activity WHERE backend_type = 'client backend'"));
    EXPECT_TRUE(becomes(server, "1", "pg_locks WHERE locktype = 'advisory'"));
    EXPECT_EQ(contents(*own), before);
    // Whoever opens a database next clears away some of what the dead have left.
    const std::string left =
        "SELECT count(*) FROM pg_database WHERE datname ~ "
        "'^drydock_([0-9]+|building)_' AND datname <> '" +
        own->name() + "'";
    for (int opened = 0; opened < 4 * processes_wanted() && ask(server, left) != "0"; ++opened) {
      const absl::StatusOr<TestDatabase> next =
          TestDatabase::open({.schema_sql = kSchema, .url = url});
      ASSERT_TRUE(next.ok()) << next.status();
      EXPECT_EQ(contents(*next), before);
    }
    EXPECT_EQ(ask(server, left), "0");
  }
  expect_nothing_left();
}

TEST_F(ChaosProcessTest,
       leaves_nothing_of_processes_that_were_killed_while_they_started_the_server) {
  kill_many(processes_wanted(), 300'000, [&](int i) {
    const auto server = LocalPostgresServer::join_shared(options());
    if (!server.ok()) give_up(server.status());
    test_until_killed((*server)->connection_string(),
                      i % 2 == 0 ? Strategy::kTransaction : Strategy::kClone);
  });
  EXPECT_EQ(ask(join(), "SELECT 1"), "1");
  expect_nothing_left();
}

}  // namespace
}  // namespace drydock::internal
