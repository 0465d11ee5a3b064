// The code that docs/mocks.md shows, compiled and run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/clock.h"
#include "drydock/executor_errors.h"
#include "drydock/mock_clock.h"
#include "drydock/mock_database.h"
#include "drydock/mock_executor.h"
#include "drydock/mock_subscription.h"
#include "drydock/simulation.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "drydock/thread_pool_executor.h"
#include "examples/signup/mock_mailer.h"
#include "examples/signup/signup_service.h"

namespace {

using ::drydock::has_failed;
using ::drydock::has_run;
using ::drydock::times;
using ::signup::MockMailer;
using ::signup::SignupService;
using ::testing::_;
using ::testing::AtLeast;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Return;
using ::testing::Throw;

class MocksTest : public drydock::SandboxTest {
 protected:
  NiceMock<MockMailer> mailer_;
};

TEST_F(MocksTest, TheDefaultIsTheRealThing) {
  NiceMock<drydock::MockExecutor> mock_executor(executor());
  NiceMock<drydock::MockDatabase> mock_database(database());
  NiceMock<drydock::MockClock> mock_clock(sandbox().simulation().clock());

  SignupService service(mock_database, mock_executor, mailer_);
  EXPECT_CALL(mailer_, send);
  service.register_user("ada@example.org");
  drain();
  EXPECT_EQ(mock_clock.now(), sandbox().simulation().clock().now());
}

TEST_F(MocksTest, AssertingASubmit) {
  NiceMock<drydock::MockExecutor> mock_executor(executor());
  SignupService service(database(), mock_executor, mailer_);
  EXPECT_CALL(mock_executor, do_submit(drydock::job_named("send_confirmation")));
  service.register_user("ada@example.org");
  EXPECT_THAT(drain(), has_run("send_confirmation"));  // it went on to the real executor
}

TEST_F(MocksTest, ASubmitThatIsRefused) {
  NiceMock<drydock::MockExecutor> mock_executor(executor());
  SignupService service(database(), mock_executor, mailer_);
  EXPECT_CALL(mock_executor, do_submit).WillOnce(Throw(drydock::QueueFullError("full")));
  service.register_user("ada@example.org");
  const auto failures = sandbox().simulation().take_failures();
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].name, "send_confirmation");
}

TEST_F(MocksTest, ALostConnection) {
  NiceMock<drydock::MockDatabase> mock_database(database());
  SignupService service(mock_database, executor(), mailer_);
  EXPECT_CALL(mock_database, do_transact)
      .WillOnce(drydock::lose_connection())
      .WillRepeatedly(drydock::transact_for_real(mock_database));
  EXPECT_THROW(service.register_user("ada@example.org"), pqxx::broken_connection);
  service.register_user("ada@example.org");  // the user tries again
  EXPECT_THAT(drain(), has_run("send_confirmation", times(1)));
}

TEST_F(MocksTest, OneTransactAmongSeveral) {
  NiceMock<drydock::MockDatabase> mock_database(database());
  SignupService service(mock_database, executor(), mailer_);
  EXPECT_CALL(mock_database, do_transact).Times(testing::AnyNumber());
  EXPECT_CALL(mock_database,
              do_transact(Field(&drydock::TransactionOptions::read_only, true), _, _))
      .WillOnce(drydock::lose_connection());
  service.import_users({"ada@example.org"});
  EXPECT_THAT(drain(), has_failed("make_invitation_codes", HasSubstr("no connection")));
  EXPECT_EQ(sandbox().simulation().take_failures().size(), 1U);
}

TEST_F(MocksTest, Notifications) {
  NiceMock<drydock::MockDatabase> mock_database(database());
  auto subscription = std::make_unique<drydock::MockSubscription>();
  EXPECT_CALL(*subscription, ended);
  EXPECT_CALL(mock_database, do_listen("mail", _, _, _))
      .WillOnce([&](std::string, drydock::Executor& on, drydock::NotificationHandler handler,
                    drydock::SourceLocation) {
        on.submit({.name = "notify"}, [handler] { handler({"mail", "not an address"}); });
        return std::move(subscription);
      });
  std::vector<std::string> heard;
  auto listening = mock_database.listen(
      "mail", executor(),
      [&](const drydock::Notification& notification) { heard.push_back(notification.payload); });
  drain();
  EXPECT_THAT(heard, ElementsAre("not an address"));
}

TEST_F(MocksTest, AClockThatMisbehaves) {
  NiceMock<drydock::MockClock> clock(drydock::RealClock::instance());
  EXPECT_CALL(clock, now)
      .WillOnce(Return(absl::FromUnixSeconds(1000)))
      .WillOnce(Return(absl::FromUnixSeconds(999)));  // set back by an administrator
  const absl::Time first = clock.now();
  EXPECT_LT(clock.now(), first);
}

TEST_F(MocksTest, APoolOnAMockOfAClock) {
  drydock::Simulation& simulation = sandbox().simulation();
  std::atomic<bool> reminded{false};
  NiceMock<drydock::MockClock> clock(simulation.clock());
  EXPECT_CALL(clock, now).Times(AtLeast(1));  // keeps the default: the simulation's time
  drydock::ThreadPoolExecutor pool({.threads = 1, .clock = &clock});
  pool.submit({.name = "remind", .delay = absl::Hours(24)}, [&] { reminded = true; });
  simulation.advance_by(absl::Hours(24));
  EXPECT_TRUE(pool.wait_idle(absl::Seconds(30)).ok());
  EXPECT_TRUE(reminded);
}

}  // namespace
