// The tests of the application. Each runs in a sandbox, on a real PostgreSQL; none waits, sleeps or
// cleans up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/mock_database.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "examples/signup/application.h"
#include "examples/signup/invitation_code.h"
#include "examples/signup/mock_mailer.h"
#include "examples/signup/signup_service.h"

namespace signup {
namespace {

using ::drydock::drained;
using ::drydock::has_failed;
using ::drydock::has_pending;
using ::drydock::has_run;
using ::drydock::times;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::SizeIs;
using ::testing::StrictMock;
using ::testing::Throw;

// The service as production wires it, from production's own executors.yaml. Each executor is
// deferred unless a fixture below says otherwise.
class SignupTest : public drydock::SandboxTest {
 protected:
  explicit SignupTest(const std::string& kinds = "")
      : SandboxTest({.file = "examples/signup/executors.yaml", .kinds = kinds}) {}

  // The first field of the first row.
  template <class T>
  T query(const std::string& sql) {
    return database().transact(
        [&](drydock::Transaction& tx) { return tx->exec(sql).at(0).at(0).as<T>(); });
  }
  int confirmed() { return query<int>("SELECT count(confirmation_sent_at) FROM users"); }
  int users() { return query<int>("SELECT count(*) FROM users"); }

  StrictMock<MockMailer> mailer_;
  SignupService service_ = make_signup_service(database(), executors(), mailer_);
};

class InlineSignupTest : public SignupTest {
 protected:
  InlineSignupTest() : SignupTest("*=inline") {}
};

// Mail as in production, one at a time, on threads; nothing else is.
class ThreadedMailTest : public SignupTest {
 protected:
  ThreadedMailTest() : SignupTest("default=thread_pool,mail=serial") {}
};

TEST_F(SignupTest, ARequestReturnsBeforeItsMailIsSent) {
  service_.register_user("ada@example.org");
  EXPECT_THAT(executor("mail"), has_pending("send_confirmation", times(1)));
  EXPECT_EQ(confirmed(), 0);

  EXPECT_CALL(mailer_, send(mail_to("ada@example.org")));
  EXPECT_THAT(drain(), has_run("send_confirmation", times(1)));
  EXPECT_EQ(confirmed(), 1);
}

TEST_F(InlineSignupTest, TheMailIsSentWhenTheRequestReturns) {
  EXPECT_CALL(mailer_, send(mail_to("ada@example.org")));
  service_.register_user("ada@example.org");
  EXPECT_EQ(confirmed(), 1);
}

TEST_F(ThreadedMailTest, TheMailIsSentByTheThreadsOfProduction) {
  std::thread::id thread;
  EXPECT_CALL(mailer_, send(mail_to("ada@example.org"))).WillOnce([&](const Mail&) {
    thread = std::this_thread::get_id();
  });
  service_.register_user("ada@example.org");
  EXPECT_EQ(executors().shutdown(absl::Minutes(1)), absl::OkStatus());
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(confirmed(), 1);
}

TEST_F(SignupTest, NoMailIsSentForAnAddressThatIsTaken) {
  service_.register_user("ada@example.org");
  EXPECT_THROW(service_.register_user("ada@example.org"), pqxx::unique_violation);

  EXPECT_CALL(mailer_, send(mail_to("ada@example.org"))).Times(1);
  drain();
}

TEST_F(SignupTest, NoMailIsSentWhenTheCallersTransactionRollsBack) {
  EXPECT_THROW(database().transact([&](drydock::Transaction&) {
    service_.register_user("ada@example.org");
    throw std::runtime_error("the payment was refused");
  }),
               std::runtime_error);
  EXPECT_THAT(sandbox().simulation(), drained());
  EXPECT_EQ(users(), 0);
}

TEST_F(SignupTest, NoMailIsSentWhenTheCommitFails) {
  NiceMock<drydock::MockDatabase> mock(database());
  SignupService unlucky = make_signup_service(mock, executors(), mailer_);
  EXPECT_CALL(mock, do_transact)
      .WillOnce(drydock::fail_commit(
          mock, pqxx::foreign_key_violation("as at COMMIT", "COMMIT", "23503")));
  EXPECT_THROW(unlucky.register_user("ada@example.org"), pqxx::foreign_key_violation);
  EXPECT_THAT(sandbox().simulation(), drained());
}

TEST_F(SignupTest, AUserWhoseMailFailedIsNotConfirmed) {
  service_.register_user("ada@example.org");
  EXPECT_CALL(mailer_, send).WillOnce(Throw(std::runtime_error("no route to mail.example.org")));
  EXPECT_THAT(drain(), has_failed("send_confirmation", HasSubstr("no route to mail.example.org")));
  EXPECT_EQ(confirmed(), 0);
  // Expected; what a test does not take fails it.
  EXPECT_THAT(sandbox().simulation().take_failures(), SizeIs(1));
}

TEST_F(SignupTest, ATeamAndItsOwnerReferToEachOther) {
  service_.register_team("Engines", "ada@example.org", {"grace@example.org"});
  EXPECT_EQ(query<std::string>("SELECT string_agg(email, ' ' ORDER BY email) FROM users"),
            "ada@example.org grace@example.org");
  EXPECT_EQ(query<std::string>("SELECT email FROM users JOIN teams ON teams.owner_id = users.id"),
            "ada@example.org");

  EXPECT_CALL(mailer_, send).Times(2);
  EXPECT_THAT(drain(), has_run("send_confirmation", times(2)));
}

TEST_F(SignupTest, AMemberWhoCannotBeAddedIsSkippedAndGetsNoMail) {
  const SignupService::Team team = service_.register_team(
      "Engines", "ada@example.org", {"grace@example.org", "no address", "ada@example.org"});
  EXPECT_THAT(team.skipped, ElementsAre("no address", "ada@example.org"));
  EXPECT_EQ(users(), 2);

  EXPECT_CALL(mailer_, send(mail_to("ada@example.org")));
  EXPECT_CALL(mailer_, send(mail_to("grace@example.org")));
  drain();
}

TEST_F(SignupTest, ATeamWhoseOwnerExistsAlreadyLeavesNothingBehind) {
  EXPECT_CALL(mailer_, send(mail_to("ada@example.org")));
  service_.register_user("ada@example.org");
  EXPECT_THROW(service_.register_team("Engines", "ada@example.org", {"grace@example.org"}),
               pqxx::unique_violation);
  EXPECT_EQ(query<int>("SELECT count(*) FROM teams"), 0);
  EXPECT_EQ(users(), 1);
  drain();
}

// The foreign key is deferred to the commit; the end of a sandboxed transact checks it.
TEST_F(SignupTest, ATeamWithoutAnOwnerFailsAtTheCommit) {
  bool body_ended = false;
  EXPECT_THROW(database().transact([&](drydock::Transaction& tx) {
    tx->exec("INSERT INTO teams (name, owner_id) VALUES ('Ghosts', 4711)");
    body_ended = true;
  }),
               pqxx::foreign_key_violation);
  EXPECT_TRUE(body_ended);
}

TEST_F(SignupTest, OneJobFinishesAnImportOfManyUsers) {
  std::vector<std::string> emails;
  emails.reserve(500);
  for (int i = 0; i < 500; ++i) emails.push_back("user" + std::to_string(i) + "@example.org");
  service_.import_users(emails);
  EXPECT_EQ(users(), 500);
  EXPECT_EQ(query<int>("SELECT count(invitation_code) FROM users"), 0);
  EXPECT_THAT(executor("imports"), has_pending("make_invitation_codes", times(1)));
  EXPECT_THAT(executor("mail"), drained());

  drain();
  EXPECT_EQ(query<int>("SELECT count(DISTINCT invitation_code) FROM users"), 500);
  EXPECT_EQ(
      query<std::string>("SELECT invitation_code FROM users WHERE email = 'user7@example.org'"),
      invitation_code("user7@example.org"));
  EXPECT_EQ(query<int>("SELECT count(finished_at) FROM imports"), 1);
}

TEST_F(SignupTest, AnImportTakesAnyTextForAnAddress) {
  const std::vector<std::string> emails = {R"("o'hara, \j"@example.org)", "{}@example.org"};
  service_.import_users(emails);
  EXPECT_EQ(query<std::string>("SELECT min(email) FROM users WHERE email LIKE '%hara%'"),
            emails[0]);
  EXPECT_EQ(query<int>("SELECT count(*) FROM users WHERE email = '{}@example.org'"), 1);
  drain();
}

TEST_F(SignupTest, AnImportWithOneBadAddressAddsNobody) {
  EXPECT_THROW(service_.import_users({"ada@example.org", "no address"}), pqxx::check_violation);
  EXPECT_EQ(users(), 0);
  EXPECT_EQ(query<int>("SELECT count(*) FROM imports"), 0);
  EXPECT_THAT(sandbox().simulation(), drained());
}

// Each test above wrote into the same database.
TEST_F(SignupTest, EveryTestStartsWithEmptyTables) {
  EXPECT_EQ(users(), 0);
  EXPECT_EQ(query<int>("SELECT count(*) FROM teams"), 0);
}

}  // namespace
}  // namespace signup
