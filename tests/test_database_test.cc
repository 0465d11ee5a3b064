#include "drydock/test_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "src/admin_connection.h"
#include "src/unique_fd.h"
#include "tests/child_process.h"
#include "tests/temporary_folder.h"
#include "tests/test_database_fixture.h"

namespace drydock {
namespace {

using internal::AdminConnection;
using internal::ChildProcess;
using internal::ScopedVariable;
using internal::UniqueFd;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

static_assert(std::is_nothrow_move_constructible_v<TestDatabase>);
static_assert(!std::is_copy_constructible_v<TestDatabase>);

using TestDatabaseTest = TestDatabaseFixture;

TEST_F(TestDatabaseTest, HasTheSchemaAndGoesWithItsObject) {
  std::string name;
  {
    const TestDatabase database = open(options_with("CREATE TABLE users (id int)"));
    name = database.name();
    EXPECT_THAT(name, MatchesRegex("drydock_" + std::to_string(::getpid()) + "_[0-9a-f]{8}"));
    EXPECT_EQ(ask(database.connection_string(), "SELECT current_database()"), name);
    EXPECT_EQ(ask(database.connection_string(), "SELECT count(*) FROM users"), "0");
    EXPECT_TRUE(exists(name));
  }
  EXPECT_FALSE(exists(name));
}

TEST_F(TestDatabaseTest, IsDroppedThoughSomebodyIsStillConnected) {
  std::optional<TestDatabase> database = open(options_with(""));
  const std::string name = database->name();
  const auto connection = AdminConnection::open(database->connection_string(), "");
  ASSERT_TRUE(connection.ok());
  database.reset();
  EXPECT_FALSE(exists(name));
}

TEST_F(TestDatabaseTest, MovesAndIsDroppedOnce) {
  TestDatabase first = open(options_with("CREATE TABLE a ()"));
  const std::string replaced = first.name();
  TestDatabase second = open(options_with("CREATE TABLE b ()"));
  const std::string name = second.name();
  first = std::move(second);
  EXPECT_FALSE(exists(replaced));
  EXPECT_EQ(first.name(), name);
  EXPECT_TRUE(exists(name));
}

TEST_F(TestDatabaseTest, DatabasesOfOneTemplateDoNotMeet) {
  const TestDatabase first = open(options_with("CREATE TABLE t (id int)"));
  const TestDatabase second = open(options_with("CREATE TABLE t (id int)"));
  EXPECT_EQ(first.template_name(), second.template_name());
  EXPECT_NE(first.name(), second.name());
  EXPECT_EQ(ask(first.connection_string(), "INSERT INTO t VALUES (1) RETURNING id"), "1");
  EXPECT_EQ(ask(second.connection_string(), "SELECT count(*) FROM t"), "0");
}

TEST_F(TestDatabaseTest, AnotherSchemaIsAnotherTemplate) {
  const TestDatabase first = open(options_with("CREATE TABLE t (id int)"));
  const TestDatabase second = open(options_with("CREATE TABLE t (id bigint)"));
  EXPECT_NE(first.template_name(), second.template_name());
}

TEST_F(TestDatabaseTest, NobodyCanConnectToTheTemplate) {
  const TestDatabase database = open(options_with(""));
  EXPECT_EQ(ask(server(), "SELECT datallowconn FROM pg_database WHERE datname = '" +
                              database.template_name() + "'"),
            "f");
}

TEST_F(TestDatabaseTest, ProcessesAtTheSameTimeBuildTheTemplateOnce) {
  const std::string oid_of = "SELECT oid FROM pg_database WHERE datname = '";
  std::vector<std::unique_ptr<ChildProcess>> children;
  children.reserve(4);
  for (int i = 0; i < 4; ++i) {
    children.push_back(std::make_unique<ChildProcess>([&](const ChildProcess::Tell& tell) {
      const TestDatabase database = open(options_with("CREATE TABLE at_the_same_time ()"));
      tell(database.name() + " " + ask(server(), oid_of + database.template_name() + "'"));
      ::pause();
    }));
  }
  std::vector<std::string> names;
  std::vector<std::string> oids;
  for (const auto& child : children) {
    const std::string line = child->line();
    names.push_back(line.substr(0, line.find(' ')));
    oids.push_back(line.substr(line.find(' ') + 1));
  }
  EXPECT_THAT(oids, Each(oids.front()));
  EXPECT_NE(names[0], names[1]);
  for (const std::string& name : names) EXPECT_TRUE(exists(name)) << name;
  EXPECT_EQ(ask(server(), "SELECT count(*) FROM pg_database WHERE datname LIKE '%building%'"), "0");
}

// A process that opens a database: what it prints, line by line.
class Opening {
 public:
  explicit Opening(const std::function<TestDatabase()>& open) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    printed_.reset(ends[0]);
    const UniqueFd writer(ends[1]);
    process_.emplace([&](const ChildProcess::Tell&) {
      ::dup2(writer.get(), STDERR_FILENO);
      open();
      std::fputs("opened\n", stderr);
    });
  }

  std::string line() {
    std::string text;
    char c;
    while (::read(printed_.get(), &c, 1) == 1 && c != '\n') text += c;
    return text;
  }

 private:
  UniqueFd printed_;
  std::optional<ChildProcess> process_;
};

// The lock is let go of when the other process has said that it waits.
TEST_F(TestDatabaseTest, SaysForWhomItWaitsWhileAnotherProcessBuildsTheTemplate) {
  const std::string schema = "CREATE TABLE built_elsewhere ()";
  const std::string name = open(options_with(schema)).template_name();
  const std::string building = "drydock_building_" + name.substr(name.rfind('_') + 1) + "_0000000a";
  for (const bool loads : {false, true}) {
    ask(server(), "DROP DATABASE " + name);
    if (loads) ask(server(), "CREATE DATABASE " + building);
    auto builder = AdminConnection::open(server(), "");
    ASSERT_TRUE(builder.ok());
    ASSERT_TRUE(builder->run("SELECT pg_advisory_lock(hashtextextended('" + name + "', 0))").ok());
    const auto loading = AdminConnection::open(server(), loads ? building : "");
    Opening opening([&] { return open(options_with(schema)); });
    EXPECT_THAT(
        opening.line(),
        MatchesRegex("drydock: waiting since [0-9:]{8} for " + name +
                     ", which the server's process " + std::to_string(builder->server_process()) +
                     ", connected since [0-9:]{8}, builds" + (loads ? " in " + building : "")));
    builder = absl::CancelledError();
    EXPECT_EQ(opening.line(), "drydock: loading the schema into " + name + " (once)");
    EXPECT_EQ(opening.line(), "opened");
  }
}

TEST_F(TestDatabaseTest, TheNextOpenDropsTheDatabaseOfAKilledProcess) {
  ChildProcess child([&](const ChildProcess::Tell& tell) {
    const TestDatabase database = open(options_with(""));
    tell(database.name());
    ::pause();
  });
  const std::string name = child.line();
  // One of a live process stays.
  const TestDatabase ours = open(options_with(""));
  EXPECT_TRUE(exists(name));
  child.end_with(SIGKILL);
  // The server has noticed the death when the dead one's lock can be had.
  ask(server(),
      "SELECT pg_advisory_lock(1685223780, ('x' || right('" + name + "', 8))::bit(32)::int)");
  const TestDatabase next = open(options_with(""));
  EXPECT_FALSE(exists(name));
  EXPECT_TRUE(exists(ours.name()));
}

TEST_F(TestDatabaseTest, ADatabaseWithAnotherNameIsNeverDropped) {
  ask(server(), "CREATE DATABASE drydock_mine");
  const TestDatabase database = open(options_with(""));
  EXPECT_TRUE(exists("drydock_mine"));
  ask(server(), "DROP DATABASE drydock_mine");
}

TEST_F(TestDatabaseTest, AForkedChildDoesNotDropIt) {
  std::optional<TestDatabase> database = open(options_with(""));
  ChildProcess child([&](const ChildProcess::Tell& tell) {
    database.reset();
    tell("done");
  });
  EXPECT_EQ(child.line(), "done");
  child.wait();
  EXPECT_TRUE(exists(database->name()));
}

TEST_F(TestDatabaseTest, RebuildsATemplateThatSomebodyDropped) {
  const TestDatabase first = open(options_with("CREATE TABLE dropped ()"));
  ask(server(), "DROP DATABASE " + first.template_name());
  const TestDatabase second = open(options_with("CREATE TABLE dropped ()"));
  EXPECT_EQ(ask(second.connection_string(), "SELECT count(*) FROM dropped"), "0");
}

TEST_F(TestDatabaseTest, WorksOnTheSharedLocalServer) {
  TestDatabaseOptions options = options_with("CREATE TABLE t (id int)");
  options.url = "";
  const TestDatabase database = open(options);
  EXPECT_EQ(ask(database.connection_string(), "SELECT count(*) FROM t"), "0");
}

TEST_F(TestDatabaseTest, WorksForAUserWithAPasswordAndAnotherDatabase) {
  ask(server(), "CREATE ROLE tester LOGIN CREATEDB PASSWORD 'p@ss w0rd'");
  ask(server(), "CREATE DATABASE maintenance");
  TestDatabaseOptions options = options_with("CREATE TABLE t (id int)");
  options.url = "dbname=maintenance user=tester password='p@ss w0rd' host=" + server_folder();
  const TestDatabase database = open(options);
  EXPECT_EQ(ask(database.connection_string(), "SELECT current_user"), "tester");
  EXPECT_THAT(database.connection_string(), StartsWith("postgresql://tester:p%40ss%20w0rd@/"));
}

// --- The server that the environment names.

TEST_F(TestDatabaseTest, TakesTheServerOfItsVariable) {
  const ScopedVariable url("DRYDOCK_DATABASE_URL", server().c_str());
  TestDatabaseOptions options = options_with("");
  options.url = "";
  const TestDatabase database = open(options);
  EXPECT_TRUE(exists(database.name()));
}

TEST_F(TestDatabaseTest, TakesTheServerOfLibpqsVariables) {
  const ScopedVariable host("PGHOST", server_folder().c_str());
  const ScopedVariable user("PGUSER", "postgres");
  TestDatabaseOptions options = options_with("");
  options.url = "";
  const TestDatabase database = open(options);
  EXPECT_TRUE(exists(database.name()));
}

TEST_F(TestDatabaseTest, SaysWhyTheServerOfTheUrlCannotBeReached) {
  TestDatabaseOptions options;
  options.url = "postgresql://me:secret@/db?host=/nonexistent";
  EXPECT_EQ(
      error_of(options),
      "Cannot connect to the PostgreSQL server that TestDatabaseOptions::url names: "
      "postgresql://me:***@/db?host=/nonexistent\n"
      "  connection to server on socket \"/nonexistent/.s.PGSQL.5432\" failed: No such file or "
      "directory\n"
      "  \tIs the server running locally and accepting connections on that socket?\n"
      "  valid forms:\n"
      "    postgresql://user:password@host:5432/database\n"
      "    postgresql:///database?host=/var/run/postgresql\n"
      "    host=localhost port=5432 user=me password=secret dbname=postgres\n"
      "  or leave it empty: drydock then starts a server of its own.");
}

TEST_F(TestDatabaseTest, SaysWhyTheServerOfTheVariableCannotBeReached) {
  const ScopedVariable url("DRYDOCK_DATABASE_URL", "host=/nonexistent password=secret");
  EXPECT_THAT(error_of({}),
              AllOf(StartsWith("Cannot connect to the PostgreSQL server that DRYDOCK_DATABASE_URL "
                               "names: host=/nonexistent password=***\n"),
                    EndsWith("\n  or unset it: drydock then starts a server of its own.")));
}

TEST_F(TestDatabaseTest, SaysWhichOfLibpqsVariablesNamesTheServer) {
  const ScopedVariable host("PGHOST", "/nonexistent");
  const ScopedVariable port("PGPORT", "5433");
  EXPECT_THAT(error_of({}), StartsWith("Cannot connect to the PostgreSQL server that the "
                                       "environment (PGHOST=/nonexistent PGPORT=5433) names\n"));
}

TEST_F(TestDatabaseTest, SaysWhatIsWrongWithAUrl) {
  for (const char* url : {"mysql:secret", "postgresql://me:secret@host:70000000/x?nonsense=1",
                          "password=secret nonsense"}) {
    TestDatabaseOptions options;
    options.url = url;
    const absl::StatusOr<TestDatabase> database = TestDatabase::open(options);
    EXPECT_EQ(database.status().code(), absl::StatusCode::kInvalidArgument) << database.status();
    EXPECT_THAT(std::string(database.status().message()), HasSubstr("  valid forms:\n"));
  }
  TestDatabaseOptions options;
  options.url = "password=secret nonsense";
  EXPECT_THAT(error_of(options),
              AllOf(HasSubstr("names: password=*** nonsense\n  missing \"=\" after \"nonsense\""),
                    Not(HasSubstr("secret nonsense"))));
}

TEST_F(TestDatabaseTest, SaysWhichRightTheUserLacks) {
  ask(server(), "CREATE ROLE visitor LOGIN");
  TestDatabaseOptions options;
  options.url = "user=visitor host=" + server_folder();
  EXPECT_EQ(error_of(options),
            "Cannot make the test's database: permission denied to create database. The user needs "
            "the right to make databases:\n    ALTER ROLE \"visitor\" CREATEDB;");
}

}  // namespace
}  // namespace drydock
