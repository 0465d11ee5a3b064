// The code of docs/testing.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <stdexcept>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/journal.h"
#include "drydock/sandbox.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "drydock/thread_pool_executor.h"
#include "examples/signup/mock_mailer.h"
#include "examples/signup/signup_service.h"

namespace {

using ::drydock::Finding;
using ::drydock::finished;
using ::drydock::has_failed;
using ::drydock::has_pending;
using ::drydock::has_run;
using ::drydock::Injected;
using ::signup::mail_to;
using ::signup::MockMailer;
using ::signup::SignupService;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Throw;

class TestingGuide : public drydock::SandboxTest {
 protected:
  NiceMock<MockMailer> mailer_;
  SignupService service_{database(), executor(), mailer_};
};

TEST_F(TestingGuide, Time) {
  drydock::Simulation& simulation = sandbox().simulation();
  executor().submit({.name = "remind", .delay = absl::Hours(24)}, [] {});
  EXPECT_THAT(simulation.advance_by(absl::Hours(23)), has_pending("remind"));
  EXPECT_THAT(simulation.advance_by(absl::Hours(1)), has_run("remind"));

  const auto poll = executor().submit_every({.name = "poll"}, absl::Minutes(5), [] {});
  EXPECT_THAT(simulation.advance_by(absl::Hours(1)), has_run("poll", drydock::times(12)));
  executor().cancel(poll);
}

TEST_F(TestingGuide, AFailureIsTaken) {
  EXPECT_CALL(mailer_, send(_)).WillOnce(Throw(std::runtime_error("no mail server")));
  service_.register_user("ada@example.org");
  EXPECT_THAT(drain(), has_failed("send_confirmation", HasSubstr("no mail server")));
  EXPECT_EQ(sandbox().simulation().take_failures().size(), 1U);
}

TEST_F(TestingGuide, ACommitFails) {
  sandbox().fail_next_commit(Injected::kConnectionLost, {.job = "send_confirmation"});
  service_.register_user("ada@example.org");
  EXPECT_THAT(drain(), has_failed("send_confirmation", HasSubstr("broken_connection")));
  EXPECT_EQ(sandbox().simulation().take_failures().size(), 1U);
}

TEST_F(TestingGuide, RealThreads) {
  drydock::ThreadPoolExecutor pool({.threads = 2, .name = "mail"});
  SignupService service(database(), pool, mailer_);
  EXPECT_CALL(mailer_, send(mail_to("ada@example.org")));
  service.register_user("ada@example.org");
  drydock::Journal& journal = sandbox().simulation().journal();
  EXPECT_EQ(journal.wait_for(finished("send_confirmation"), absl::Seconds(5)), absl::OkStatus());
}

TEST_F(TestingGuide, Twice) {
  executor().submit({.name = "import"}, [this] {
    database().transact([](drydock::Transaction& tx) {
      tx->exec("INSERT INTO users (email) VALUES ('ada@example.org') ON CONFLICT DO NOTHING");
    });
  });
  EXPECT_TRUE(drain({.deliveries = 2}).status().ok());
}

TEST_F(TestingGuide, AFindingIsAllowed) {
  sandbox().allow(Finding::kSubmittedInTransaction);
  database().transact([this](drydock::Transaction&) {
    executor().submit({.name = "warm_up_cache"}, [] {});  // reads nothing of this transaction
  });
  drain();
}

}  // namespace
