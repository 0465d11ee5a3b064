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

#include "drydock/inline_executor.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"
#include "src/admin_connection.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "src/owned_database.h"
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
using ::testing::IsEmpty;
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
  static std::string no_server_text(const TestDatabase& database, const std::string& folder) {
    return "drydock: cannot connect to database \"" + database.name() + "\" at socket " + folder +
           "/.s.PGSQL.5432 as user \"postgres\": no server answers there.\n"
           "connection to server on socket \"" +
           folder +
           "/.s.PGSQL.5432\" failed: No such file or directory\n"
           "\tIs the server running locally and accepting connections on that socket?\n" +
           open_again();
  }
  static std::string open_again() {
    return "The server, or what TestDatabase::open() has made on it, has gone. Call "
           "TestDatabase::open() again for the next Sandbox, or use SandboxTest, which does so by "
           "itself for the next test.";
  }
  static void kill_all_sessions() {
    ask(server(),
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
        "backend_type = 'client backend' AND pid <> pg_backend_pid()");
  }
  // Ends the sessions of the database whose last statement begins so.
  static void kill(const TestDatabase& database, const std::string& statement) {
    EXPECT_EQ(ask(database.connection_string(),
                  "SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM "
                  "pg_stat_activity WHERE datname = '" +
                      database.name() + "' AND query LIKE '" + statement + "%'"),
              "t");
  }
  // Opens a sandbox and ends it, so that its connection waits for the next one.
  static void use_once(TestDatabase& database) {
    Sandbox sandbox(database, named());
    EXPECT_EQ(run(sandbox, kInsert), "done");
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  }
  static constexpr char kIdle[] = "ROLLBACK TO drydock; ROLLBACK";
  static constexpr char kObserver[] = "SELECT query, ";
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

TEST_F(SandboxFailureTest, begins_on_a_new_connection_where_the_idle_one_has_been_killed) {
  TestDatabase database = open(options_with(kTable));
  use_once(database);
  kill(database, kIdle);
  Sandbox sandbox(database, named());
  EXPECT_EQ(run(sandbox, kInsert), "done");
  EXPECT_EQ(run(sandbox, kInsert), "done");
  EXPECT_EQ(sandbox.database().transact([](Transaction& tx) {
    return tx->exec1("SELECT count(*) FROM users")[0].as<int>();
  }),
            2);
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxFailureTest, begins_on_a_new_connection_for_a_nested_transact) {
  TestDatabase database = open(options_with(kTable));
  use_once(database);
  kill(database, kIdle);
  Sandbox sandbox(database, named());
  sandbox.database().transact([&](Transaction& tx) {
    EXPECT_EQ(run(sandbox, kInsert), "done");
    EXPECT_EQ(tx->exec1("SELECT count(*) FROM users")[0].as<int>(), 1);
  });
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxFailureTest, restarts_the_sequences_on_the_new_connection_too) {
  TestDatabase database = open(options_with("CREATE TABLE numbered (id serial)"));
  SandboxOptions options = named();
  options.restart_sequences = true;
  for (int round = 0; round < 2; ++round) {
    Sandbox sandbox(database, options);
    EXPECT_EQ(sandbox.database().transact([](Transaction& tx) {
      return tx->exec1("INSERT INTO numbered DEFAULT VALUES RETURNING id")[0].as<int>();
    }),
              1);
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
    kill(database, kIdle);
  }
}

// The idle connection is dead, and so is the server behind it.
TEST_F(SandboxFailureTest, says_that_the_server_has_stopped_between_two_tests) {
  ServerPtr stopping = start_server();
  TestDatabaseOptions options = options_with(kTable);
  options.url = stopping->connection_string();
  TestDatabase database = open(options);
  use_once(database);
  kill(database, kIdle);  // which may take a moment longer than the server
  const std::string folder = stopping->folder();
  stopping = nullptr;
  Sandbox sandbox(database, named());
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(run(sandbox, kInsert, where),
            no_server_text(database, folder) + "\n" + lost_text(where));
  EXPECT_EQ(run(sandbox, kInsert), lost_text(where));
  EXPECT_THAT(sandbox.finish().breaches, ElementsAre(lost_text(where)));
}

TEST_F(SandboxFailureTest, sees_what_statements_say_after_the_session_that_reads_them_was_killed) {
  TestDatabase database = open(options_with(kTable));
  for (int round = 0; round < 2; ++round) {
    Sandbox sandbox(database, named());
    InlineExecutor executor(sandbox.simulation());
    std::vector<std::string> heard;
    const auto subscription = sandbox.database().listen(
        "mail", executor,
        [&](const Notification& notification) { heard.push_back(notification.payload); });
    EXPECT_EQ(run(sandbox, "SET LOCAL app.tenant = 'ada'"), "done");
    kill(database, kObserver);
    EXPECT_EQ(run(sandbox, "SET LOCAL app.tenant = 'bob'"), "done");
    EXPECT_EQ(sandbox.database().transact([](Transaction& tx) {
      return tx->exec1("SELECT current_setting('app.tenant', true)")[0].as<std::string>("");
    }),
              "");
    EXPECT_EQ(run(sandbox, "NOTIFY mail, 'one'"), "done");
    EXPECT_THAT(heard, ElementsAre("one"));
    const SandboxReport report = sandbox.finish();
    EXPECT_EQ(report.status(), absl::OkStatus());
    EXPECT_THAT(report.notes, IsEmpty());
    kill(database, kObserver);
  }
}

TEST_F(SandboxFailureTest, ends_an_escape_after_the_session_that_reads_statements_was_killed) {
  TestDatabase database = open(options_with(kTable));
  Sandbox sandbox(database, named());
  EXPECT_EQ(run(sandbox, "SET LOCAL app.tenant = 'ada'"), "done");
  kill(database, kObserver);
  EXPECT_THAT(run(sandbox, "ROLLBACK"), HasSubstr("ended the outer transaction of the sandbox by "
                                                  "SQL: ROLLBACK."));
}

TEST_F(SandboxFailureTest, says_that_the_server_has_stopped) {
  ServerPtr stopping = start_server();
  TestDatabaseOptions options = options_with(kTable);
  options.url = stopping->connection_string();
  TestDatabase database = open(options);
  const std::string folder = stopping->folder();
  Sandbox sandbox(database, named());
  EXPECT_EQ(run(sandbox, kInsert), "done");
  stopping = nullptr;
  const SourceLocation where = SourceLocation::current();
  EXPECT_THAT(run(sandbox, kInsert, where), EndsWith("\n" + lost_text(where)));
  EXPECT_THAT(sandbox.finish().breaches, ElementsAre(lost_text(where)));
  Sandbox next(database, named());
  EXPECT_EQ(run(next, kInsert), no_server_text(database, folder));
}

TEST_F(SandboxFailureTest, owns_its_database_again_after_the_owning_session_was_killed) {
  TestDatabase database = open(options_with(kTable));
  kill_all_sessions();
  Sandbox sandbox(database, named());
  absl::StatusOr<internal::AdminConnection> other = internal::AdminConnection::open(server(), "");
  ASSERT_TRUE(other.ok());
  internal::drop_abandoned_databases(*other, 100);
  EXPECT_EQ(run(sandbox, kInsert), "done");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_F(SandboxFailureTest, says_that_the_database_was_dropped_meanwhile) {
  TestDatabase database = open(options_with(kTable));
  kill_all_sessions();
  ask(server(), "DROP DATABASE " + database.name());
  Sandbox sandbox(database, named());
  const std::string address = server_folder() + "/.s.PGSQL.5432";
  EXPECT_EQ(run(sandbox, kInsert), "drydock: cannot connect to database \"" + database.name() +
                                       "\" at socket " + address +
                                       " as user \"postgres\": the server has no such database.\n"
                                       "connection to server on socket \"" +
                                       address + "\" failed: FATAL:  database \"" +
                                       database.name() + "\" does not exist\n" + open_again());
}

TEST_F(SandboxFailureTest, says_that_there_is_nothing_to_clone_any_more) {
  TestDatabase database = open(options_with("CREATE TABLE gone ()"));
  ask(server(), "DROP DATABASE " + database.template_name());
  Sandbox sandbox(database, {.name = "Suite.test", .strategy = Strategy::kClone});
  EXPECT_EQ(run(sandbox, "SELECT 1"),
            "drydock: there is no database for the sandbox of the test 'Suite.test': Cannot copy "
            "the template database " +
                database.template_name() + " for a test: template database \"" +
                database.template_name() + "\" does not exist\n" + open_again());
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
