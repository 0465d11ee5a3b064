// The schema of a `TestDatabase`: where it comes from, how it runs, and how its errors are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "drydock/test_database.h"
#include "tests/temporary_folder.h"
#include "tests/test_database_fixture.h"

namespace drydock {
namespace {

using internal::ScopedVariable;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

using TestDatabaseSchemaTest = TestDatabaseFixture;

TEST_F(TestDatabaseSchemaTest, RunsFilesInTheGivenOrderAndSqlAfterThem) {
  folder_.write("z.sql", "CREATE TABLE first (id int);");
  folder_.write("migrations/2.sql", "ALTER TABLE first RENAME b TO c;");
  folder_.write("migrations/1.sql", "ALTER TABLE first ADD b int;");
  folder_.write("migrations/readme.txt", "no SQL");
  TestDatabaseOptions options =
      options_with_files({folder_.path("z.sql"), folder_.path("migrations")});
  options.schema_sql = "ALTER TABLE first RENAME c TO d";
  const TestDatabase database = open(options);
  EXPECT_EQ(ask(database.connection_string(), "SELECT count(d) FROM first"), "0");
}

TEST_F(TestDatabaseSchemaTest, TakesTheSchemaOfTheEnvironmentWhereTheCodeNamesNone) {
  const std::string file = folder_.write("schema.sql", "CREATE TABLE from_environment ()");
  const ScopedVariable schema("DRYDOCK_SCHEMA", file.c_str());
  const TestDatabase with = open(options_with(""));
  EXPECT_EQ(ask(with.connection_string(), "SELECT count(*) FROM from_environment"), "0");
  const TestDatabase without = open(options_with("SELECT 1"));
  EXPECT_EQ(ask(without.connection_string(), "SELECT to_regclass('from_environment') IS NULL"),
            "t");
}

TEST_F(TestDatabaseSchemaTest, RunsWhatPsqlAndPgDumpWrite) {
  const TestDatabase database = open(options_with(R"(\restrict abc
BEGIN;
CREATE TABLE t (id int, word text);
COMMIT;
COPY t (id, word) FROM stdin;
1	a;
2	\N
\.
CREATE INDEX CONCURRENTLY ON t (id);
CREATE FUNCTION two() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
\unrestrict abc
)"));
  EXPECT_EQ(ask(database.connection_string(), "SELECT string_agg(word, ',') FROM t"), "a;");
  EXPECT_EQ(ask(database.connection_string(), "SELECT two()"), "2");
}

TEST_F(TestDatabaseSchemaTest, SkipsAByteOrderMark) {
  const std::string file = folder_.write("bom.sql",
                                         "\xEF\xBB\xBF"
                                         "CREATE TABLE bom ()");
  const TestDatabase database = open(options_with_files({file}));
  EXPECT_EQ(ask(database.connection_string(), "SELECT count(*) FROM bom"), "0");
}

TEST_F(TestDatabaseSchemaTest, SaysThatASchemaFileIsMissing) {
  EXPECT_EQ(error_of(options_with_files({"/nonexistent/schema.sql"})),
            "Cannot read the schema file /nonexistent/schema.sql: No such file or directory.");
  const ScopedVariable schema("DRYDOCK_SCHEMA", "/nonexistent/schema.sql");
  EXPECT_EQ(error_of(options_with("")),
            "Cannot read the schema file /nonexistent/schema.sql: No such file or directory. "
            "DRYDOCK_SCHEMA names it.");
}

TEST_F(TestDatabaseSchemaTest, SaysWhatARelativePathIsRelativeTo) {
  EXPECT_THAT(error_of(options_with_files({"no_such.sql"})),
              MatchesRegex("Cannot read the schema file no_such.sql \\(relative to /.*\\): No such "
                           "file or directory\\."));
}

TEST_F(TestDatabaseSchemaTest, SaysThatAFolderHasNoSql) {
  EXPECT_EQ(error_of(options_with_files({folder_.path()})),
            "The schema folder " + folder_.path() + " has no file whose name ends with .sql.");
}

TEST_F(TestDatabaseSchemaTest, ShowsThePlaceOfAnError) {
  const std::string file = folder_.write("schema.sql",
                                         "CREATE TABLE users (id int, email text);\n"
                                         "-- \xC3\xA4\n"
                                         "CREATE INDEX by_mail\n"
                                         "    ON users (lower(emial));\n");
  EXPECT_EQ(error_of(options_with_files({file})),
            file +
                ":4:21: column \"emial\" does not exist (42703)\n"
                "  4 |     ON users (lower(emial));\n"
                "    |                     ^\n"
                "  hint: Perhaps you meant to reference the column \"users.email\".");
}

TEST_F(TestDatabaseSchemaTest, ShowsTheStatementOfAnErrorThatHasNoPlace) {
  EXPECT_EQ(error_of(options_with("CREATE TABLE t (id int PRIMARY KEY);\n\n"
                                  "INSERT INTO t VALUES (7);\nINSERT INTO t\n  VALUES (7);\n")),
            "schema_sql:4:1: duplicate key value violates unique constraint \"t_pkey\" (23505)\n"
            "  4 | INSERT INTO t\n"
            "    | ^\n"
            "  detail: Key (id)=(7) already exists.");
}

TEST_F(TestDatabaseSchemaTest, ShowsTheContextOfAnErrorInsideCode) {
  EXPECT_THAT(
      error_of(options_with("DO $$ BEGIN PERFORM 1/0; END $$")),
      AllOf(StartsWith("schema_sql:1:1: division by zero (22012)\n"),
            HasSubstr("\n  context: SQL "), HasSubstr("inline_code_block line 1 at PERFORM")));
}

TEST_F(TestDatabaseSchemaTest, RefusesCommandsOfPsql) {
  EXPECT_EQ(
      error_of(options_with("SELECT 1;\n  \\i other.sql\n")),
      "schema_sql:2:3: this is a command of psql, and drydock runs plain SQL only. For \\i, "
      "list the files in order in TestDatabaseOptions::schema_files, or put them in a folder\n"
      "  2 |   \\i other.sql\n"
      "    |   ^");
}

TEST_F(TestDatabaseSchemaTest, SaysThatACommitIsMissing) {
  EXPECT_EQ(error_of(options_with("BEGIN;\nCREATE TABLE t ();")),
            "schema_sql:2:18: the text ends with its transaction open: the COMMIT is missing\n"
            "  2 | CREATE TABLE t ();\n"
            "    |                  ^");
}

TEST_F(TestDatabaseSchemaTest, AFailedSchemaLeavesNothing) {
  error_of(options_with("CREATE TABLE t (); SELECT nonsense"));
  EXPECT_EQ(ask(server(),
                "SELECT count(*) FROM pg_database WHERE datname ~ "
                "'^drydock_(building|[0-9])'"),
            "0");
}

}  // namespace
}  // namespace drydock
