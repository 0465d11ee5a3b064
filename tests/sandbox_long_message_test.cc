// Messages of which the server shows only the beginning: what of it the sandbox sees, and what it
// says of the rest.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "drydock/inline_executor.h"
#include "drydock/sandbox.h"
#include "drydock/sandbox_errors.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kTenant = "SELECT coalesce(current_setting('app.tenant', true), '')";

class SandboxLongMessageTest : public SandboxFixture {
 protected:
  SourceLocation run(const std::string& sql, SourceLocation where = SourceLocation::current()) {
    sandbox_.database().transact([&](Transaction& tx) { tx->exec(sql); }, where);
    return where;
  }
  std::string value(const std::string& sql) {
    return sandbox_.database().transact(
        [&](Transaction& tx) { return tx->exec1(sql)[0].as<std::string>(); });
  }
  // A statement that alone is as long as what the server shows, less `bytes`.
  std::string statement_less(std::size_t bytes) {
    std::string statement = "SELECT '";
    statement.append(shown() - bytes - statement.size() - 3, 'x');
    return statement + "'; ";
  }
  std::string long_statement() { return statement_less(0); }
  std::size_t shown() {
    return std::stoul(
        value("SELECT setting FROM pg_settings WHERE name = "
              "'track_activity_query_size'"));
  }
  std::vector<std::string> notes() {
    const SandboxReport report = sandbox_.finish();
    EXPECT_EQ(report.status(), absl::OkStatus());
    return report.notes;
  }
  std::string why_unread() {
    return "since the message that holds it is longer than the server's track_activity_query_size "
           "(" +
           std::to_string(shown()) + " bytes). ";
  }
  std::string setting_note(SourceLocation where) {
    return "the transact at " + where.to_string() +
           " changed a setting of its session with SET LOCAL or set_config(), and the sandbox "
           "could not see which, " +
           why_unread() + "It lasts until the test ends.";
  }
  std::string notify_note(SourceLocation where) {
    return "the transact at " + where.to_string() +
           " sent a NOTIFY that nobody in this test hears: the sandbox could not see what it "
           "notifies, " +
           why_unread() +
           "Call pg_notify(), which is heard however long the message is, or send NOTIFY in a "
           "message of its own.";
  }

  Sandbox sandbox_{test_database(), {.strategy = Strategy::kTransaction}};
  InlineExecutor executor_{sandbox_.simulation()};
  std::vector<std::string> heard_;
  std::unique_ptr<Subscription> subscription_ = sandbox_.database().listen(
      "mail", executor_,
      [this](const Notification& notification) { heard_.push_back(notification.payload); });
};

TEST_F(SandboxLongMessageTest, undoes_what_is_set_before_the_cut) {
  run("SET LOCAL app.tenant = 'ada'; " + long_statement());
  EXPECT_EQ(value(kTenant), "");
  run("SELECT set_config('app.tenant', 'ada', true); " + long_statement());
  EXPECT_EQ(value(kTenant), "");
  // The name is there, and the end of the value is not.
  run("SET LOCAL app.tenant = '" + long_statement().substr(8));
  EXPECT_EQ(value(kTenant), "");
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(SandboxLongMessageTest, says_that_something_was_set_behind_the_cut) {
  for (const char* set : {"SET LOCAL app.tenant = 'ada'",
                          "SELECT set_config('app.tenant', 'ada', "
                          "true)"}) {
    Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
    const std::string sql = "SET LOCAL app.other = 'bob'; " + long_statement() + set;
    const SourceLocation where = SourceLocation::current();
    sandbox.database().transact([&](Transaction& tx) { tx->exec(sql); }, where);
    // Without a further note: the one that follows changes nothing.
    sandbox.database().transact([](Transaction& tx) { tx->exec("SELECT 1"); });
    sandbox.database().transact([](Transaction&) {});
    EXPECT_THAT(sandbox.finish().notes, ElementsAre(setting_note(where))) << set;
  }
}

// "app.tenant" would be taken for "app.ten".
TEST_F(SandboxLongMessageTest, says_that_the_cut_goes_through_the_name) {
  const std::string before = statement_less(sizeof("SET LOCAL app.ten"));
  const SourceLocation where = run(before + "SET LOCAL app.tenant = 'ada'");
  const std::string expected = "the transact at " + where.to_string() +
                               " changed a setting of its session with SET LOCAL or set_config(), "
                               "and the sandbox could not see which, since its name is not in the "
                               "text of the statement. It lasts until the test ends.";
  EXPECT_THAT(notes(), ElementsAre(expected));
}

TEST_F(SandboxLongMessageTest, says_nothing_of_what_was_rolled_back) {
  const std::string sql = long_statement() + "SET LOCAL app.tenant = 'ada'; NOTIFY mail; ";
  EXPECT_THROW(run(sql + "SELECT 1/0"), pqxx::sql_error);
  EXPECT_EQ(value(kTenant), "");
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(SandboxLongMessageTest, hears_notify_before_the_cut) {
  run("NOTIFY mail, 'one'; " + long_statement());
  EXPECT_THAT(heard_, ElementsAre("one"));
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(SandboxLongMessageTest, hears_pg_notify_behind_the_cut) {
  run(long_statement() + "SELECT pg_notify('mail', 'one')");
  EXPECT_THAT(heard_, ElementsAre("one"));
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(SandboxLongMessageTest, says_that_notify_behind_the_cut_is_not_heard) {
  const SourceLocation where =
      run("NOTIFY mail, 'one'; " + long_statement() + "NOTIFY mail, 'two'");
  EXPECT_THAT(heard_, ElementsAre("one"));
  const std::string expected = notify_note(where);
  EXPECT_THAT(notes(), ElementsAre(expected));
}

// Half a payload would be worse than none.
TEST_F(SandboxLongMessageTest, says_that_the_cut_goes_through_the_notify) {
  const std::string before = statement_less(sizeof("NOTIFY mail, 'tw"));
  const SourceLocation where = run(before + "NOTIFY mail, 'two'");
  EXPECT_THAT(heard_, IsEmpty());
  const std::string expected = notify_note(where);
  EXPECT_THAT(notes(), ElementsAre(expected));
}

// It is found by the state of the connection then.
TEST_F(SandboxLongMessageTest, finds_an_escape_behind_the_cut) {
  const std::string sql = long_statement() + "ROLLBACK";
  EXPECT_THROW(run(sql), SandboxEscapedError);
  EXPECT_EQ(sandbox_.finish().findings.size(), 1U);
}

}  // namespace
}  // namespace drydock
