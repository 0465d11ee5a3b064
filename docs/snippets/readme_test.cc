// The test that README.md shows, compiled and run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "examples/signup/mock_mailer.h"
#include "examples/signup/signup_service.h"

namespace {

using ::drydock::has_pending;
using ::drydock::has_run;
using ::drydock::times;
using ::signup::mail_to;
using ::signup::MockMailer;
using ::signup::SignupService;
using ::testing::StrictMock;

class SignupTest : public drydock::SandboxTest {
 protected:
  StrictMock<MockMailer> mailer_;
  SignupService service_{database(), executor(), mailer_};
};

TEST_F(SignupTest, MailIsSentAfterTheRequest) {
  service_.register_user("ada@example.org");
  EXPECT_THAT(executor(), has_pending("send_confirmation", times(1)));

  EXPECT_CALL(mailer_, send(mail_to("ada@example.org")));
  EXPECT_THAT(drain(), has_run("send_confirmation", times(1)));
}

TEST_F(SignupTest, NoMailIsSentForAnAddressThatIsTaken) {
  EXPECT_CALL(mailer_, send(mail_to("ada@example.org"))).Times(1);
  service_.register_user("ada@example.org");
  EXPECT_THROW(service_.register_user("ada@example.org"), pqxx::unique_violation);
  drain();
}

}  // namespace
