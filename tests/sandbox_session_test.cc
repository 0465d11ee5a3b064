// What a commit does to the session: settings, cursors, temporary tables, deferred triggers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "drydock/sandbox.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

class SandboxSessionTest : public EveryStrategy {
 protected:
  SandboxSessionTest() {
    run("SELECT 1");  // the connection is there
  }
  void TearDown() override { EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus()); }

  void run(const std::string& sql) {
    sandbox_.database().transact([&](Transaction& tx) { tx->exec(sql); });
  }
  std::string value(const std::string& sql) {
    return sandbox_.database().transact(
        [&](Transaction& tx) { return tx->exec1(sql)[0].as<std::string>(""); });
  }

  Sandbox sandbox_{test_database(), with()};
};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxSessionTest);

TEST_P(SandboxSessionTest, leaves_no_prepared_statement_to_the_next_sandbox) {
  run("PREPARE same_name AS SELECT 1");
  EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
  Sandbox next(test_database(), with());
  next.database().transact([](Transaction& tx) { tx->exec("PREPARE same_name AS SELECT 2"); });
  EXPECT_EQ(next.finish().status(), absl::OkStatus());
}

TEST_P(SandboxSessionTest, undoes_set_local_at_the_commit) {
  const std::string before = value("SHOW work_mem");
  run("SET LOCAL work_mem = '1MB'");
  EXPECT_EQ(value("SHOW work_mem"), before);
  run("SET LOCAL app.tenant = 'ada'");
  EXPECT_EQ(value("SELECT current_setting('app.tenant', true)"), "");
}

TEST_P(SandboxSessionTest, undoes_set_config_at_the_commit) {
  sandbox_.database().transact([](Transaction& tx) {
    tx->exec_params("SELECT set_config('app.tenant', $1, true)", "ada");
    EXPECT_EQ(tx->exec1("SHOW app.tenant")[0].as<std::string>(), "ada");
  });
  EXPECT_EQ(value("SELECT current_setting('app.tenant', true)"), "");
}

TEST_P(SandboxSessionTest, keeps_what_is_set_for_the_session) {
  run("SET app.tenant = 'ada'");
  run("SET LOCAL app.tenant = 'bob'");
  EXPECT_EQ(value("SHOW app.tenant"), "ada");
  run("SELECT set_config('app.tenant', 'eve', false)");
  EXPECT_EQ(value("SHOW app.tenant"), "eve");
}

TEST_P(SandboxSessionTest, undoes_what_a_role_was_set_to) {
  const std::string before = value("SELECT current_user");
  run("SET LOCAL ROLE pg_monitor");
  EXPECT_EQ(value("SELECT current_user"), before);
}

TEST_P(SandboxSessionTest, undoes_settings_of_a_rolled_back_part) {
  Database& database = sandbox_.database();
  run("SET app.tenant = 'ada'");
  database.transact([&](Transaction& tx) {
    EXPECT_THROW(database.transact([](Transaction& inner) {
      inner->exec("SET app.tenant = 'bob'");
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    EXPECT_EQ(tx->exec1("SHOW app.tenant")[0].as<std::string>(), "ada");
  });
  EXPECT_EQ(value("SHOW app.tenant"), "ada");
}

TEST_P(SandboxSessionTest, closes_cursors_at_the_commit) {
  run("DECLARE c CURSOR FOR SELECT 1");
  EXPECT_THROW(run("FETCH c"), pqxx::sql_error);
}

TEST_P(SandboxSessionTest, fires_constraint_triggers_that_the_test_has_made) {
  run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN RAISE EXCEPTION 'refused at the commit'; END $$; "
      "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION refuse()");
  bool returned = false;
  for (int round = 0; round < 2; ++round) {
    EXPECT_THROW(sandbox_.database().transact([&](Transaction& tx) {
      tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
      returned = true;
    }),
                 pqxx::plpgsql_raise);
    EXPECT_TRUE(returned);
  }
}

using SandboxSettingsNoteTest = SandboxFixture;

const std::string kLeft =
    " changed a setting of its session with SET LOCAL or set_config(), and the sandbox could not ";

TEST_F(SandboxSettingsNoteTest, says_which_settings_it_could_not_see) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  const SourceLocation where = SourceLocation::current();
  sandbox.database().transact(
      [](Transaction& tx) {
        tx->exec_params("SELECT set_config($1, $2, true)", "app.tenant", "ada");
      },
      where);
  const SandboxReport report = sandbox.finish();
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_THAT(report.notes, ElementsAre("the transact at " + where.to_string() + kLeft +
                                        "see which, since its name is not in the text of the "
                                        "statement. It lasts until the test ends."));
}

// The end of a transaction could; a statement cannot.
TEST_F(SandboxSettingsNoteTest, says_which_settings_it_could_not_set_back) {
  // Its connection is of no use to the next test.
  absl::StatusOr<TestDatabase> own = TestDatabase::open({.schema_sql = kSchema});
  ASSERT_TRUE(own.ok()) << own.status();
  Sandbox sandbox(*own, {.strategy = Strategy::kTransaction});
  sandbox.database().transact([](Transaction& tx) { tx->exec("SET temp_buffers = '800kB'"); });
  const SourceLocation where = SourceLocation::current();
  sandbox.database().transact(
      [](Transaction& tx) {
        tx->exec("SET LOCAL temp_buffers = '1600kB'");
        tx->exec("CREATE TEMP TABLE t AS SELECT 1");
      },
      where);
  add_user(sandbox.database(), "ada@example.org");
  const SandboxReport report = sandbox.finish();
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_THAT(
      report.notes,
      ElementsAre(
          "the transact at " + where.to_string() + kLeft +
          "set temp_buffers back. It lasts until the test ends. The server says: ERROR:  "
          "invalid value for parameter \"temp_buffers\": 100\nDETAIL:  \"temp_buffers\" cannot be "
          "changed after any temporary tables have been accessed in the session."));
}

TEST_P(SandboxSessionTest, gives_back_advisory_locks_of_the_session) {
  run("SELECT pg_advisory_lock(4711)");
  EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
  pqxx::connection other(test_database().connection_string());
  // One of this session would be there for a moment after its end.
  EXPECT_TRUE(pqxx::work(other).exec1("SELECT pg_try_advisory_xact_lock(4711)")[0].as<bool>());
}

class RestartSequencesTest : public EveryStrategy {};
DRYDOCK_UNDER_EVERY_STRATEGY(RestartSequencesTest);

TEST_P(RestartSequencesTest, starts_every_test_with_the_same_ids) {
  for (int round = 0; round < 3; ++round) {
    Sandbox sandbox(test_database(), with({.restart_sequences = true}));
    const auto add = [](Transaction& tx) {
      return tx->exec1("INSERT INTO users (email) VALUES (clock_timestamp()) RETURNING id")[0]
          .as<int>();
    };
    EXPECT_EQ(sandbox.database().transact(add), 1);
    EXPECT_EQ(sandbox.database().transact(add), 2);
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  }
}

TEST_F(SandboxSettingsNoteTest, says_that_it_gives_no_isolation) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  const SourceLocation where = SourceLocation::current();
  sandbox.database().transact(
      {.isolation = Isolation::kSerializable}, [](Transaction&) {}, where);
  const SandboxReport report = sandbox.finish();
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_THAT(
      report.notes,
      ElementsAre("the transact at " + where.to_string() +
                  " asks for an isolation level. Under Strategy::kTransaction it runs read "
                  "committed, with nobody beside it, so that it meets no serialization failure but "
                  "those of fail_next_commit(). To see what other transactions do to it: "
                  "SandboxOptions{.strategy = drydock::Strategy::kClone}."));
}

}  // namespace
}  // namespace drydock
