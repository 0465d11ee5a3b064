// What a test is told when its server stops, its disk is full, its password is wrong, or a second
// process reaches for its sandbox; and that the next sandbox works where there is a server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "drydock/sandbox.h"
#include "drydock/test_database.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "tests/child_process.h"
#include "tests/private_mounts.h"
#include "tests/temporary_folder.h"
#include "tests/test_database_fixture.h"

namespace drydock {
namespace {

using internal::ChildProcess;
using internal::LocalPostgresOptions;
using internal::LocalPostgresServer;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kTable[] = "CREATE TABLE users (email text)";
constexpr char kInsert[] = "INSERT INTO users VALUES ('ada@example.org')";

class SandboxFailureTest : public TestDatabaseFixture {
 protected:
  static SandboxOptions named() {
    return {.name = "Suite.test", .strategy = Strategy::kTransaction};
  }
  // Runs one statement in a transact; "done", or what is thrown.
  static std::string run(Sandbox& sandbox, const std::string& sql,
                         SourceLocation where = SourceLocation::current()) {
    try {
      sandbox.database().transact([&](Transaction& tx) { tx->exec(sql); }, where);
      return "done";
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  // What drydock says; libpqxx's own words, which stand before it, differ by version and by moment.
  static std::string lost_text(SourceLocation where) {
    return "drydock: the sandbox of the test 'Suite.test' has lost its connection to the server in "
           "the transact at " +
           where.to_string() +
           ", by code outside any job. What the test had written is gone with it, and it cannot go "
           "on; the next test gets a new connection.";
  }
};

TEST_F(SandboxFailureTest, says_that_the_backend_was_killed_and_the_next_sandbox_works) {
  TestDatabase database = open(options_with(kTable));
  {
    Sandbox sandbox(database, named());
    EXPECT_EQ(run(sandbox, kInsert), "done");
    ask(server(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
                      database.name() + "' AND state = 'idle in transaction'");
    const SourceLocation where = SourceLocation::current();
    EXPECT_THAT(run(sandbox, kInsert, where), EndsWith("\n" + lost_text(where)));
    EXPECT_EQ(run(sandbox, kInsert), lost_text(where));
    EXPECT_THAT(sandbox.finish().breaches, ElementsAre(lost_text(where)));
  }
  Sandbox next(database, named());
  EXPECT_EQ(run(next, kInsert), "done");
  EXPECT_EQ(next.finish().status(), absl::OkStatus());
}

TEST_F(SandboxFailureTest, says_that_the_server_has_stopped) {
  absl::StatusOr<LocalPostgresOptions> chosen = LocalPostgresOptions::from_environment();
  ASSERT_TRUE(chosen.ok());
  auto stopping = LocalPostgresServer::start_private(*chosen);
  ASSERT_TRUE(stopping.ok()) << stopping.status();
  TestDatabaseOptions options = options_with(kTable);
  options.url = (*stopping)->connection_string();
  TestDatabase database = open(options);
  const std::string folder = (*stopping)->folder();
  Sandbox sandbox(database, named());
  EXPECT_EQ(run(sandbox, kInsert), "done");
  *stopping = nullptr;
  const SourceLocation where = SourceLocation::current();
  EXPECT_THAT(run(sandbox, kInsert, where), EndsWith("\n" + lost_text(where)));
  EXPECT_THAT(sandbox.finish().breaches, ElementsAre(lost_text(where)));
  Sandbox next(database, named());
  EXPECT_EQ(run(next, kInsert),
            "drydock: cannot connect to database \"" + database.name() + "\" at socket " + folder +
                "/.s.PGSQL.5432 as user \"postgres\": no server answers there.\n"
                "connection to server on socket \"" +
                folder +
                "/.s.PGSQL.5432\" failed: No such file or directory\n"
                "\tIs the server running locally and accepting connections on that socket?\n"
                "Start PostgreSQL, or correct host and port in the connection string.");
}

TEST_F(SandboxFailureTest, says_that_the_password_is_wrong) {
  ask(server(), "CREATE ROLE locked LOGIN CREATEDB PASSWORD 'right'");
  const std::string rules = ask(server(), "SHOW hba_file");
  std::ifstream before(rules);
  const std::string old(std::istreambuf_iterator<char>(before), {});
  std::ofstream(rules) << "local all locked scram-sha-256\n" << old;
  ask(server(), "SELECT pg_reload_conf()");
  TestDatabaseOptions options = options_with("");
  options.url = "dbname=postgres user=locked password=wrong host=" + server_folder();
  std::string error;
  do {
    error = error_of(options);  // until the server has read its new rules
  } while (error == "no error");
  EXPECT_EQ(error,
            "Cannot connect to the PostgreSQL server that TestDatabaseOptions::url names: "
            "dbname=postgres user=locked password=*** host=" +
                server_folder() + "\n  connection to server on socket \"" + server_folder() +
                "/.s.PGSQL.5432\" failed: FATAL:  password authentication failed for user "
                "\"locked\"\n"
                "  valid forms:\n"
                "    postgresql://user:password@host:5432/database\n"
                "    postgresql:///database?host=/var/run/postgresql\n"
                "    host=localhost port=5432 user=me password=secret dbname=postgres\n"
                "  or leave it empty: drydock then starts a server of its own.");
  options.url = "dbname=postgres user=locked password=right host=" + server_folder();
  EXPECT_EQ(error_of(options), "no error");
}

// What a child process finds on a server whose disk is small.
std::string fill_the_disk(const std::string& server, const TestDatabaseOptions& with) {
  TestDatabaseOptions options = with;
  options.url = server;
  absl::StatusOr<TestDatabase> database = TestDatabase::open(options);
  if (!database.ok()) return std::string(database.status().message());
  Sandbox sandbox(*database, {.strategy = Strategy::kTransaction});
  std::string seen;
  try {
    sandbox.database().transact([](Transaction& tx) {
      tx->exec(
          "CREATE TABLE big AS SELECT repeat(i::text, 100) FROM generate_series(1, 9999999) i");
    });
  } catch (const pqxx::disk_full&) {
    seen = "disk full, ";
  }
  sandbox.database().transact([](Transaction& tx) { tx->exec(kInsert); });
  seen += sandbox.finish().status().ok() ? "the sandbox goes on, " : "broken, ";
  Sandbox next(*database, {.strategy = Strategy::kTransaction});
  next.database().transact([](Transaction& tx) { tx->exec(kInsert); });
  return seen + (next.finish().status().ok() ? "and so does the next" : "broken");
}

TEST_F(SandboxFailureTest, survives_a_full_disk) {
  const internal::TemporaryFolder disk;
  ChildProcess child([&](const ChildProcess::Tell& tell) {
    if (!internal::enter_private_mounts() || !internal::mount_in_memory(disk.path(), "220m")) {
      return tell("no mounts");
    }
    const absl::StatusOr<LocalPostgresOptions> chosen =
        LocalPostgresOptions::in_folder(disk.path());
    if (!chosen.ok()) return tell(chosen.status().ToString());
    const auto small = LocalPostgresServer::start_private(*chosen);
    if (!small.ok()) return tell(small.status().ToString());
    tell(fill_the_disk((*small)->connection_string(), options_with(kTable)));
  });
  const std::string line = child.line();
  if (line == "no mounts") GTEST_SKIP() << "this user may not make a mount namespace";
  EXPECT_EQ(line, "disk full, the sandbox goes on, and so does the next");
  child.wait();
}

TEST_F(SandboxFailureTest, says_that_there_is_no_room_for_a_database) {
  const internal::TemporaryFolder disk;
  ChildProcess child([&](const ChildProcess::Tell& tell) {
    if (!internal::enter_private_mounts() || !internal::mount_in_memory(disk.path(), "120m")) {
      return tell("no mounts");
    }
    const internal::ScopedVariable home("DRYDOCK_HOME", disk.path().c_str());
    TestDatabaseOptions options = options_with(kTable);
    options.url = "";
    const absl::StatusOr<TestDatabase> first = TestDatabase::open(options);
    if (!first.ok()) return tell(first.status().ToString());
    // A copy has about 7 MB.
    const std::uintmax_t free = std::filesystem::space(disk.path()).available;
    std::ofstream(disk.path("ballast")) << std::string(free - 4'000'000, 'x');
    tell(std::string(TestDatabase::open(options).status().message()));
  });
  const std::string line = child.line();
  if (line == "no mounts") GTEST_SKIP() << "this user may not make a mount namespace";
  EXPECT_THAT(line, StartsWith("Cannot make the test's database: "));
  EXPECT_THAT(line, HasSubstr(": No space left on device. The local server has no room left in " +
                              disk.path()));
  EXPECT_THAT(line, EndsWith(". Make room there, or set DRYDOCK_HOME to a folder that has more."));
  child.wait();
}

TEST_F(SandboxFailureTest, refuses_a_second_process) {
  TestDatabase database = open(options_with(kTable));
  std::optional<Sandbox> sandbox(std::in_place, database, named());
  EXPECT_EQ(run(*sandbox, kInsert), "done");
  const SourceLocation where = SourceLocation::current();
  const std::string owner = std::to_string(::getpid());
  ChildProcess child([&](const ChildProcess::Tell& tell) {
    const std::string text = run(*sandbox, kInsert, where);
    sandbox.reset();
    tell(std::to_string(::getpid()) + "|" + text);
  });
  const std::string line = child.line();
  const std::size_t bar = line.find('|');
  EXPECT_EQ(line.substr(bar + 1),
            "drydock: transact at " + where.to_string() + " was called in the process " +
                line.substr(0, bar) + ", which fork() has made of the process " + owner +
                ", the owner of the sandbox of the test 'Suite.test'. Both would talk on one "
                "connection. A child process opens a TestDatabase and a Sandbox of its own; a "
                "death test does so by itself with GTEST_FLAG_SET(death_test_style, "
                "\"threadsafe\").");
  child.wait();
  EXPECT_EQ(run(*sandbox, kInsert), "done");
  EXPECT_EQ(sandbox->finish().status(), absl::OkStatus());
}

}  // namespace
}  // namespace drydock
