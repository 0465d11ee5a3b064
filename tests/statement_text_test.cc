#include "src/statement_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drydock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StatementText, tells_local_settings_from_those_of_the_session) {
  EXPECT_THAT(setting_changes("SET LOCAL work_mem = '1MB'; SET app.tenant TO 5"),
              ElementsAre(SettingChange{"work_mem", true}, SettingChange{"app.tenant", false}));
  EXPECT_THAT(setting_changes("/* x */ set session \"app\".\"User\" = 'a;b' -- SET LOCAL c = 1"),
              ElementsAre(SettingChange{"app.User", false}));
}

TEST(StatementText, knows_settings_with_names_of_their_own) {
  EXPECT_THAT(
      setting_changes("SET LOCAL TIME ZONE 'UTC'; SET LOCAL ROLE bob; SET NAMES 'UTF8';"
                      "SET LOCAL SCHEMA 'a'; SET LOCAL XML OPTION DOCUMENT;"
                      "SET LOCAL SESSION AUTHORIZATION bob"),
      ElementsAre(SettingChange{"TimeZone", true}, SettingChange{"role", true},
                  SettingChange{"client_encoding", false}, SettingChange{"search_path", true},
                  SettingChange{"xmloption", true}, SettingChange{"session_authorization", true}));
}

TEST(StatementText, leaves_out_what_is_no_setting) {
  EXPECT_THAT(setting_changes("SET TRANSACTION READ ONLY; SET CONSTRAINTS ALL DEFERRED; "
                              "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; "
                              "UPDATE a SET local = 1; SELECT 'SET LOCAL a = 1'"),
              IsEmpty());
}

TEST(StatementText, takes_no_name_that_may_go_on_from_a_text_that_is_cut) {
  const auto cut = [](std::string_view sql) { return setting_changes(sql, true); };
  EXPECT_THAT(cut("SET LOCAL a = 1; SET LOCAL app.ten"),
              ElementsAre(SettingChange{"a", true}, SettingChange{"", true}));
  EXPECT_THAT(cut("SET LOCAL app.tenant = 'a"), ElementsAre(SettingChange{"app.tenant", true}));
  EXPECT_THAT(cut("SET app.tenant TO "), ElementsAre(SettingChange{"app.tenant", false}));
  EXPECT_THAT(cut("SET LOC"), IsEmpty());
  EXPECT_THAT(cut("SELECT set_config('app.ten"), ElementsAre(SettingChange{"", true}));
  EXPECT_THAT(cut("SELECT set_config('app.tenant', 'a"),
              ElementsAre(SettingChange{"app.tenant", true}));
  EXPECT_THAT(cut("SELECT set_conf"), IsEmpty());
}

TEST(StatementText, counts_what_may_change_settings) {
  EXPECT_EQ(count_setting_statements("SET a = 1; SET TRANSACTION READ ONLY; SET CONSTRAINTS ALL "
                                     "DEFERRED; SELECT set_config('a', 'b', true), set_config('c', "
                                     "'d', true); UPDATE t SET a = 1; SELECT 'SET a = 1'"),
            3);
}

TEST(StatementText, leaves_out_the_statement_that_is_cut) {
  EXPECT_EQ(without_cut_statement("NOTIFY a; NOTIFY 'b;c"), "NOTIFY a; ");
  EXPECT_EQ(without_cut_statement("NOTIFY a"), "");
}

TEST(StatementText, finds_calls_of_set_config) {
  EXPECT_THAT(setting_changes("SELECT set_config('app.tenant', $1, true), "
                              "pg_catalog.set_config('a', coalesce(b, 'x'), FALSE), "
                              "set_config($1, 'x', $2), set_config('d', 'e', $3)"),
              ElementsAre(SettingChange{"app.tenant", true}, SettingChange{"a", false},
                          SettingChange{"", true}, SettingChange{"d", true}));
}

TEST(StatementText, reads_notify) {
  EXPECT_THAT(notify_statements("NOTIFY Mail; notify \"Mail\", 'it''s'; NOTIFY a, E'x\\ny';"
                                "NOTIFY a, $q$z$q$; SELECT 'NOTIFY b'"),
              ElementsAre(Notice{"mail", ""}, Notice{"Mail", "it's"}, Notice{"a", "x\ny"},
                          Notice{"a", "z"}));
}

TEST(StatementText, reads_savepoints) {
  EXPECT_THAT(savepoint_steps("SAVEPOINT A; release b; RELEASE SAVEPOINT \"C d\"; "
                              "ROLLBACK TO e; ROLLBACK WORK TO SAVEPOINT f; ROLLBACK; SELECT a"),
              ElementsAre(SavepointStep{SavepointStep::kSet, "a"},
                          SavepointStep{SavepointStep::kRelease, "b"},
                          SavepointStep{SavepointStep::kRelease, "C d"},
                          SavepointStep{SavepointStep::kRollBackTo, "e"},
                          SavepointStep{SavepointStep::kRollBackTo, "f"}));
}

TEST(StatementText, finds_what_ends_a_transaction) {
  for (const char* sql : {"ROLLBACK", "ROLLBACK AND CHAIN", "SELECT 1; abort work;", "Commit",
                          "END", "PREPARE TRANSACTION 'x'", "COMMIT; INSERT INTO t VALUES (1)"}) {
    EXPECT_TRUE(ends_transaction(sql)) << sql;
  }
  for (const char* sql : {"ROLLBACK TO a", "ROLLBACK WORK TO SAVEPOINT a", "SELECT 'COMMIT'",
                          "DO $$ BEGIN COMMIT; END $$", "PREPARE p AS SELECT 1", "RELEASE a",
                          "-- COMMIT\nSELECT 1"}) {
    EXPECT_FALSE(ends_transaction(sql)) << sql;
  }
}

}  // namespace
}  // namespace drydock::internal
