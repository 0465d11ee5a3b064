// A schema that a program makes: what the program is given, when it runs, and how its errors are
// told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "drydock/test_database.h"
#include "tests/temporary_folder.h"
#include "tests/test_database_fixture.h"

namespace drydock {
namespace {

using internal::ScopedVariable;

class TestDatabaseCommandTest : public TestDatabaseFixture {
 protected:
  // `command`, which depends on one file.
  TestDatabaseOptions options_for(const std::string& command) {
    TestDatabaseOptions options = options_with("");
    options.schema_command = command;
    options.schema_inputs = {folder_.write("migrations/1.sql", "CREATE TABLE made (id int)")};
    return options;
  }
  // How often a command has run that ends with `count_run()`.
  std::string count_run() const { return " && echo run >>" + folder_.path("runs"); }
  std::string runs() const {
    std::ifstream file(folder_.path("runs"));
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  std::string migrate() const { return "psql -qf " + folder_.path("migrations/1.sql"); }
};

TEST_F(TestDatabaseCommandTest, FindsTheDatabaseInTheVariablesOfLibpq) {
  // What the test's own environment says is not for the command.
  const ScopedVariable database("PGDATABASE", "another");
  const TestDatabase made = open(options_for(migrate()));
  EXPECT_EQ(ask(made.connection_string(), "SELECT count(*) FROM made"), "0");
}

TEST_F(TestDatabaseCommandTest, FindsTheDatabaseInAUrl) {
  const TestDatabase made = open(
      options_for("env -u PGHOST -u PGDATABASE psql \"$DATABASE_URL\" -qc 'CREATE TABLE url ()'"));
  EXPECT_EQ(ask(made.connection_string(), "SELECT count(*) FROM url"), "0");
}

TEST_F(TestDatabaseCommandTest, RunsBetweenTheFilesAndTheSql) {
  TestDatabaseOptions options = options_for("psql -qc 'ALTER TABLE t RENAME a TO b'");
  options.schema_files = {folder_.write("first.sql", "CREATE TABLE t (a int)")};
  options.schema_sql = "ALTER TABLE t RENAME b TO c";
  const TestDatabase made = open(options);
  EXPECT_EQ(ask(made.connection_string(), "SELECT count(c) FROM t"), "0");
}

TEST_F(TestDatabaseCommandTest, RunsAgainOnlyWhenItsInputsChange) {
  TestDatabaseOptions options = options_for(migrate() + count_run());
  options.schema_inputs = {folder_.path("migrations")};
  open(options);
  open(options);
  EXPECT_EQ(runs(), "run\n");
  folder_.write("migrations/1.sql", "CREATE TABLE other (id int)");
  const TestDatabase made = open(options);
  EXPECT_EQ(runs(), "run\nrun\n");
  EXPECT_EQ(ask(made.connection_string(), "SELECT count(*) FROM other"), "0");
  folder_.write("migrations/deeper/2.sql", "");
  open(options);
  EXPECT_EQ(runs(), "run\nrun\nrun\n");
}

TEST_F(TestDatabaseCommandTest, RunsAgainOnlyWhenItsKeyChanges) {
  TestDatabaseOptions options = options_for("true" + count_run());
  options.schema_inputs = {};
  for (const char* key : {"1", "1", "2", "1"}) {
    options.schema_key = key;
    open(options);
  }
  EXPECT_EQ(runs(), "run\nrun\n");
}

TEST_F(TestDatabaseCommandTest, RunsAgainAfterItHasFailed) {
  TestDatabaseOptions options =
      options_for("test -e " + folder_.path("allowed") + " && " + migrate());
  EXPECT_NE(error_of(options), "no error");
  folder_.write("allowed", "");
  EXPECT_EQ(error_of(options), "no error");
}

TEST_F(TestDatabaseCommandTest, ShowsTheCommandItsExitCodeAndWhatItPrinted) {
  EXPECT_EQ(error_of(options_for("echo migrating; echo 'no such column' >&2; exit 3")),
            "The command that makes the schema failed: exit code 3.\n"
            "  echo migrating; echo 'no such column' >&2; exit 3\n"
            "  It printed:\n"
            "    migrating\n"
            "    no such column\n"
            "  To run it by hand: set DATABASE_URL, or PGHOST, PGPORT, PGUSER and PGDATABASE, to "
            "an empty database.");
}

TEST_F(TestDatabaseCommandTest, ShowsWhichSignalEndedTheCommand) {
  EXPECT_EQ(error_of(options_for("kill -9 $$")),
            "The command that makes the schema failed: ended by signal 9, Killed.\n"
            "  kill -9 $$\n"
            "  It printed nothing.\n"
            "  To run it by hand: set DATABASE_URL, or PGHOST, PGPORT, PGUSER and PGDATABASE, to "
            "an empty database.");
}

TEST_F(TestDatabaseCommandTest, RefusesACommandThatWouldNeverRunAgain) {
  TestDatabaseOptions options = options_for("./migrate");
  options.schema_inputs = {};
  EXPECT_EQ(error_of(options),
            "The schema is made by the command './migrate', and nothing says when its result "
            "changes, so that an old schema would be used for ever. Name the files and folders "
            "that it reads in TestDatabaseOptions::schema_inputs (DRYDOCK_SCHEMA_INPUTS), or give "
            "a schema_key (DRYDOCK_SCHEMA_KEY).");
}

TEST_F(TestDatabaseCommandTest, IsTakenFromTheEnvironmentWhereTheCodeNamesNone) {
  const TestDatabaseOptions options = options_for(migrate());
  const ScopedVariable command("DRYDOCK_SCHEMA_COMMAND", options.schema_command.c_str());
  folder_.write("more.sql", "");
  const std::string both = folder_.path("migrations") + ":" + folder_.path("more.sql");
  const ScopedVariable inputs("DRYDOCK_SCHEMA_INPUTS", both.c_str());
  const TestDatabase first = open(options_with(""));
  EXPECT_EQ(ask(first.connection_string(), "SELECT count(*) FROM made"), "0");
  folder_.write("more.sql", "-- changed");
  EXPECT_NE(open(options_with("")).template_name(), first.template_name());
  EXPECT_EQ(
      ask(open(options_with("SELECT 1")).connection_string(), "SELECT to_regclass('made') IS NULL"),
      "t");
}

TEST_F(TestDatabaseCommandTest, SaysThatAnInputIsMissing) {
  TestDatabaseOptions options = options_for("true");
  options.schema_inputs = {"/nonexistent/migrations"};
  EXPECT_EQ(
      error_of(options),
      "Cannot read /nonexistent/migrations, which schema_inputs or DRYDOCK_SCHEMA_INPUTS names: "
      "No such file or directory.");
}

}  // namespace
}  // namespace drydock
