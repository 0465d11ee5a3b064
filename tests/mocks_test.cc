// The GoogleMock classes: what they do by default, what they let a test inject, and what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/executor_errors.h"
#include "drydock/inline_executor.h"
#include "drydock/misuse_error.h"
#include "drydock/mock_clock.h"
#include "drydock/mock_database.h"
#include "drydock/mock_executor.h"
#include "drydock/mock_subscription.h"
#include "drydock/serial_executor.h"
#include "drydock/simulation.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/wait_idle.h"
#include "mocks/drydock/mock_executor.h"  // the other path to the same header

namespace drydock {
namespace {

using ::testing::_;
using ::testing::AtLeast;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::PrintToString;
using ::testing::Property;
using ::testing::Return;
using ::testing::StrictMock;
using ::testing::Throw;

std::string message_of(const std::function<void()>& code) {
  try {
    code();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(MockExecutorTest, DelegatesToTheRealOneUnderTheSameIds) {
  DeferredExecutor real;
  NiceMock<MockExecutor> executor(real);
  int runs = 0;
  const JobId first = real.submit({.name = "first"}, [&] { ++runs; });
  const JobId second = executor.submit({.name = "second"}, [&] { ++runs; });
  EXPECT_EQ(second.value(), first.value() + 1);
  EXPECT_THAT(real, has_pending("second", times(1)));
  EXPECT_TRUE(executor.cancel(first));
  real.drain();
  EXPECT_EQ(runs, 1);
}

TEST(MockExecutorTest, AnExpectationWithoutAnActionStillDelegates) {
  DeferredExecutor real;
  StrictMock<MockExecutor> executor(real);
  EXPECT_CALL(executor, do_submit(job_named("send_confirmation")));
  executor.submit({.name = "send_confirmation"}, [] {});
  EXPECT_EQ(real.pending_count(), 1U);
}

TEST(MockExecutorTest, RecurringJobsAndWaitsAreThoseOfTheRealOne) {
  DeferredExecutor real;
  NiceMock<MockExecutor> executor(real);
  int runs = 0;
  const JobId id = executor.submit_every({.name = "tick"}, absl::Hours(1), [&] { ++runs; });
  EXPECT_EQ(wait_idle({&executor}, absl::InfiniteDuration()), absl::OkStatus());
  real.simulation().advance_by(absl::Hours(2));
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(executor.cancel(id));
  executor.submit([] {});
  EXPECT_EQ(wait_idle({&executor}, absl::InfiniteDuration()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(real.simulation().findings(),
              ElementsAre(Field(&Finding::kind, Finding::kBlockedSubmit)));
  real.drain();
}

TEST(MockExecutorTest, WithoutARealOneJobsAreDestroyedUnrun) {
  NiceMock<MockExecutor> executor;
  auto alive = std::make_shared<int>(0);
  executor.submit([alive] { ++*alive; });
  executor.submit_every({}, absl::Seconds(1), [alive] { ++*alive; });
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(*alive, 0);
  EXPECT_EQ(wait_idle({&executor}, absl::InfiniteDuration()), absl::OkStatus());
}

TEST(MockExecutorTest, ASubmitCanBeMadeToFail) {
  DeferredExecutor real;
  NiceMock<MockExecutor> executor(real);
  EXPECT_CALL(executor, do_submit)
      .WillOnce(Throw(QueueFullError("full")))
      .WillRepeatedly([&](SubmittedJob job) { executor.run_for_real(std::move(job)); });
  EXPECT_THROW(executor.submit([] {}), QueueFullError);
  EXPECT_EQ(real.pending_count(), 0U);
  executor.submit([] {});
  EXPECT_EQ(real.pending_count(), 1U);
}

TEST(MockExecutorTest, AnActionMayKeepTheJobAndRunItLater) {
  NiceMock<MockExecutor> executor;
  std::vector<SubmittedJob> kept;
  ON_CALL(executor, do_submit).WillByDefault([&](SubmittedJob job) {
    kept.push_back(std::move(job));
  });
  int runs = 0;
  executor.submit([&] { ++runs; });
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(std::move(kept[0]).run().error, nullptr);
  EXPECT_EQ(runs, 1);
}

TEST(MockExecutorTest, MatchesByNameAndDelay) {
  NiceMock<MockExecutor> executor;
  EXPECT_CALL(executor, do_submit(job_named("remind")));
  EXPECT_CALL(executor, do_submit(job_delayed_by(absl::Hours(24))));
  executor.submit({.name = "digest", .delay = absl::Hours(24)}, [] {});
  executor.submit({.name = "remind"}, [] {});
}

TEST(MockExecutorTest, ASerialExecutorStandsOnIt) {
  InlineExecutor real;
  NiceMock<MockExecutor> executor(real);
  EXPECT_CALL(executor, do_submit).Times(2);
  SerialExecutor serial(executor, "mailbox");
  std::string order;
  serial.submit([&] { order += 'a'; });
  serial.submit([&] { order += 'b'; });
  EXPECT_EQ(order, "ab");
}

TEST(MockExecutorTest, PrintsAJobByItsNameAndPlace) {
  std::string printed;
  NiceMock<MockExecutor> executor;
  ON_CALL(executor, do_submit).WillByDefault([&](const SubmittedJob& job) {
    printed = PrintToString(job);
  });
  executor.submit({.name = "remind", .delay = absl::Hours(2)}, [] {});
  EXPECT_THAT(printed, HasSubstr("job 'remind' (#1, submitted at "));
  EXPECT_THAT(printed, HasSubstr("mocks_test.cc:"));
  EXPECT_THAT(printed, HasSubstr(", due after 2h)"));
}

TEST(MockClockTest, ShowsTheRealClocksTimeUnlessToldOtherwise) {
  Simulation simulation;
  NiceMock<MockClock> clock(simulation.clock());
  simulation.advance_by(absl::Hours(1));
  EXPECT_EQ(clock.now(), simulation.clock().now());
  EXPECT_CALL(clock, now).WillOnce(Return(absl::UnixEpoch()));
  EXPECT_EQ(clock.now(), absl::UnixEpoch());
  EXPECT_EQ(NiceMock<MockClock>().now(), absl::UnixEpoch());
}

TEST(MockClockTest, WakesThePoolsOnItWhenTheRealClockIsMoved) {
  Simulation simulation;
  std::atomic<int> runs{0};
  NiceMock<MockClock> clock(simulation.clock());
  EXPECT_CALL(clock, now).Times(AtLeast(1));
  ThreadPoolExecutor pool({.threads = 1, .clock = &clock});
  pool.submit({.delay = absl::Hours(1)}, [&] { ++runs; });
  pool.submit({.delay = absl::Hours(3)}, [&] { ++runs; });
  simulation.advance_by(absl::Hours(1));
  EXPECT_EQ(pool.wait_idle(absl::Seconds(30)), absl::OkStatus());
  EXPECT_EQ(runs, 1);
}

TEST(MockClockTest, DecidesWhatIsDueOnAPoolByWhatItShows) {
  Simulation simulation;
  std::atomic<bool> jumped{false};
  std::atomic<bool> ran{false};
  NiceMock<MockClock> clock(simulation.clock());
  EXPECT_CALL(clock, now).WillRepeatedly([&] {
    return simulation.clock().now() + absl::Hours(jumped ? 1 : 0);
  });
  ThreadPoolExecutor pool({.threads = 1, .clock = &clock});
  pool.submit({.delay = absl::Hours(1)}, [&] { ran = true; });
  jumped = true;
  simulation.advance_by(absl::Nanoseconds(1));
  EXPECT_EQ(pool.wait_idle(absl::Seconds(30)), absl::OkStatus());
  EXPECT_TRUE(ran);
}

class MockDatabaseTest : public SandboxTest {
 protected:
  MockDatabaseTest() {
    SandboxTest::database().transact([](Transaction& tx) { tx->exec("CREATE TABLE t (n int)"); });
  }

  void insert(int n) {
    mock_.transact([&](Transaction& tx) {
      tx->exec_params("INSERT INTO t VALUES ($1)", n);
      tx.submit(executor(), {.name = "after_commit"}, [] {});
    });
  }
  std::string rows() {
    return SandboxTest::database().transact([](Transaction& tx) {
      return tx->exec("SELECT coalesce(string_agg(n::text, ',' ORDER BY n), 'none') FROM t")
          .at(0)
          .at(0)
          .as<std::string>();
    });
  }

  NiceMock<MockDatabase> mock_{SandboxTest::database()};
};

TEST_F(MockDatabaseTest, DelegatesWithTheOptionsAndThePlace) {
  EXPECT_CALL(mock_,
              do_transact(Field(&TransactionOptions::max_attempts, 3),
                          Property(&SourceLocation::short_name, HasSubstr("mocks_test.cc:")), _));
  const int two = mock_.transact({.max_attempts = 3}, [](Transaction& tx) {
    return tx->exec("SELECT 1 + 1").at(0).at(0).as<int>();
  });
  EXPECT_EQ(two, 2);
}

TEST_F(MockDatabaseTest, NestsInTheRealDatabase) {
  mock_.transact([&](Transaction&) {
    insert(1);
    EXPECT_THROW(mock_.transact([&](Transaction&) {
      insert(2);
      throw std::runtime_error("undo");
    }),
                 std::runtime_error);
  });
  EXPECT_EQ(rows(), "1");
  EXPECT_THAT(drain(), has_run("after_commit", times(1)));
}

TEST_F(MockDatabaseTest, ListensToTheRealDatabase) {
  NiceMock<MockDatabase> mock(database());
  std::vector<std::string> heard;
  const auto listening = mock.listen(
      "mail", executor(), [&](const Notification& news) { heard.push_back(news.payload); });
  database().transact([](Transaction& tx) { tx->exec("NOTIFY mail, 'ada'"); });
  drain();
  EXPECT_THAT(heard, ::testing::ElementsAre("ada"));
}

TEST_F(MockDatabaseTest, LosesTheConnectionBeforeTheBody) {
  EXPECT_CALL(mock_, do_transact)
      .WillOnce(lose_connection())
      .WillRepeatedly(transact_for_real(mock_));
  bool ran = false;
  EXPECT_THROW(mock_.transact([&](Transaction&) { ran = true; }), pqxx::broken_connection);
  EXPECT_FALSE(ran);
  insert(7);
  EXPECT_EQ(rows(), "7");
  drain();
}

TEST_F(MockDatabaseTest, FailsAtTheCommit) {
  EXPECT_CALL(mock_, do_transact)
      .WillOnce(fail_commit(mock_, pqxx::foreign_key_violation("as at COMMIT", "COMMIT", "23503")));
  EXPECT_THROW(insert(1), pqxx::foreign_key_violation);
  EXPECT_EQ(rows(), "none");
  EXPECT_THAT(executor(), drained());
}

TEST_F(MockDatabaseTest, LosesTheAnswerOfTheCommit) {
  EXPECT_CALL(mock_, do_transact).WillOnce(lose_commit_answer(mock_));
  EXPECT_THROW(insert(1), pqxx::in_doubt_error);
  EXPECT_EQ(rows(), "1");
  EXPECT_THAT(drain(), has_run("after_commit"));
}

TEST(MockDatabaseAloneTest, SaysThatItHasNoDatabaseBehindIt) {
  NiceMock<MockDatabase> mock;
  const std::string message = message_of([&] { mock.transact([](Transaction&) { return 1; }); });
  EXPECT_THAT(message, HasSubstr("this MockDatabase has no database behind it"));
  EXPECT_THAT(message, HasSubstr("mocks_test.cc:"));
  EXPECT_THAT(message, HasSubstr("MockDatabase mock(sandbox.database())"));
}

TEST(MockDatabaseAloneTest, SaysThatAnActionForgotTheBody) {
  NiceMock<MockDatabase> mock;
  EXPECT_CALL(mock, do_transact).WillOnce(Return());
  const std::string message = message_of([&] { mock.transact([](Transaction&) { return 1; }); });
  EXPECT_THAT(message, HasSubstr("returned without running the body of the transact at "));
  EXPECT_THAT(message, HasSubstr("database.run_for_real(options, where, body)"));
}

TEST(MockDatabaseAloneTest, CannotListen) {
  NiceMock<MockDatabase> mock;
  DeferredExecutor executor;
  EXPECT_THROW(static_cast<void>(mock.listen("mail", executor, [](const Notification&) {})),
               std::logic_error);
}

TEST(MockDatabaseAloneTest, MayRefuseToListen) {
  NiceMock<MockDatabase> mock;
  DeferredExecutor executor;
  EXPECT_CALL(mock, do_listen("mail", _, _, _))
      .WillOnce(Throw(pqxx::broken_connection("no connection to listen on")));
  EXPECT_EQ(message_of([&] {
              static_cast<void>(mock.listen("mail", executor, [](const Notification&) {}));
            }),
            "no connection to listen on");
}

TEST(MockSubscriptionTest, TellsOfItsEnd) {
  auto subscription = std::make_unique<MockSubscription>();
  bool ended = false;
  EXPECT_CALL(*subscription, ended).WillOnce([&] { ended = true; });
  EXPECT_FALSE(ended);
  subscription.reset();
  EXPECT_TRUE(ended);
}

TEST(MockDatabaseAloneTest, PrintsOptions) {
  EXPECT_EQ(PrintToString(TransactionOptions{}), "read committed, at most 1 try");
  EXPECT_EQ(PrintToString(TransactionOptions{
                .isolation = Isolation::kSerializable, .read_only = true, .max_attempts = 3}),
            "serializable, read only, at most 3 tries");
}

}  // namespace
}  // namespace drydock
