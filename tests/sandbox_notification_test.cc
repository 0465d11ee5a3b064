// NOTIFY and listen(), in a sandbox of each strategy and in the pool.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/pooled_database.h"
#include "drydock/sandbox.h"
#include "drydock/thread_pool_executor.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SandboxNotificationTest : public EveryStrategy {
 protected:
  void TearDown() override { EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus()); }

  void run(const std::string& sql) {
    database_.transact([&](Transaction& tx) { tx->exec(sql); });
  }
  // Listens to `channel` and writes down what comes.
  std::unique_ptr<Subscription> hear(const std::string& channel) {
    return database_.listen(channel, executor_, [this](const Notification& notification) {
      heard_.push_back(notification.channel + ":" + notification.payload);
    });
  }
  std::vector<std::string> drained() {
    EXPECT_EQ(executor_.drain().status(), absl::OkStatus());
    return std::exchange(heard_, {});
  }

  Sandbox sandbox_{test_database(), with()};
  Database& database_ = sandbox_.database();
  DeferredExecutor executor_{sandbox_.simulation()};
  std::vector<std::string> heard_;
};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxNotificationTest);

TEST_P(SandboxNotificationTest, are_delivered_at_the_commit) {
  const auto subscription = hear("mail");
  database_.transact([&](Transaction& tx) {
    tx->exec("NOTIFY mail, 'by statement'");
    tx->exec("SELECT pg_notify('mail', 'by function')");
    tx->exec_params("SELECT pg_notify($1, $2)", "mail", "it's\n\"quoted\"");
    tx->exec("NOTIFY mail");
    EXPECT_EQ(executor_.pending_count(), 0);
  });
  EXPECT_EQ(executor_.pending_count(), 4);
  EXPECT_THAT(drained(), ElementsAre("mail:by statement", "mail:by function",
                                     "mail:it's\n\"quoted\"", "mail:"));
  EXPECT_EQ(sandbox_.simulation().journal().count(finished("notification on 'mail'")), 4);
}

// Takes its time over the first job.
class SlowExecutor final : public Executor {
 public:
  std::latch reached{1};
  std::latch go_on{1};

 private:
  void do_submit(SubmittedJob job) override {
    if (std::exchange(first_, false)) {
      reached.count_down();
      go_on.wait();
    }
    std::move(job).run();
  }
  bool first_ = true;
};

TEST_F(SandboxFixture, NotificationsOfTwoThreadsComeInTheOrderOfTheirCommits) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  Database& database = sandbox.database();
  SlowExecutor executor;
  std::vector<std::string> heard;
  const auto subscription = database.listen(
      "mail", executor, [&](const Notification& mail) { heard.push_back(mail.payload); });
  const auto notify = [&](const std::string& payload) {
    database.transact([&](Transaction& tx) { tx->exec("NOTIFY mail, '" + payload + "'"); });
  };
  std::thread other(notify, "one");
  executor.reached.wait();
  notify("two");  // left to the other thread, which is at it
  executor.go_on.count_down();
  other.join();
  EXPECT_THAT(heard, ElementsAre("one", "two"));
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxNotificationTest, are_dropped_by_a_rollback) {
  const auto subscription = hear("mail");
  EXPECT_THROW(database_.transact([](Transaction& tx) {
    tx->exec("NOTIFY mail, 'a'");
    tx->exec("SELECT pg_notify('mail', 'b')");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  run("SELECT 1");
  EXPECT_THAT(drained(), IsEmpty());
}

TEST_P(SandboxNotificationTest, are_dropped_by_a_nested_rollback) {
  const auto subscription = hear("mail");
  database_.transact([&](Transaction& tx) {
    tx->exec("NOTIFY mail, 'one'");
    EXPECT_THROW(database_.transact([](Transaction& nested) {
      nested->exec("NOTIFY mail, 'dropped'");
      nested->exec("SELECT pg_notify('mail', 'dropped too')");
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    database_.transact([](Transaction& nested) { nested->exec("NOTIFY mail, 'two'"); });
    tx->exec("SAVEPOINT a");
    tx->exec("NOTIFY mail, 'dropped'");
    tx->exec("ROLLBACK TO a");
    tx->exec("SELECT pg_notify('mail', 'three')");
  });
  EXPECT_THAT(drained(), ElementsAre("mail:one", "mail:two", "mail:three"));
}

// Which savepoint a statement means, its name alone tells; libpqxx rolls back to one and leaves it
// open.
TEST_P(SandboxNotificationTest, are_dropped_by_a_rollback_to_an_outer_savepoint) {
  const auto subscription = hear("mail");
  database_.transact([](Transaction& tx) {
    tx->exec("SAVEPOINT a");
    tx->exec("NOTIFY mail, 'dropped'");
    tx->exec("SAVEPOINT b");
    tx->exec("NOTIFY mail, 'dropped too'");
    tx->exec("ROLLBACK TO SAVEPOINT a");
    tx->exec("NOTIFY mail, 'one'");
    tx->exec("SAVEPOINT \"B\"");
    tx->exec("SAVEPOINT c; NOTIFY mail, 'two'; SAVEPOINT d; NOTIFY mail, 'dropped'; ROLLBACK TO d");
    tx->exec("RELEASE \"B\"");
    tx->exec("NOTIFY mail, 'three'");
  });
  EXPECT_THAT(drained(), ElementsAre("mail:one", "mail:two", "mail:three"));
}

TEST_P(SandboxNotificationTest, are_dropped_with_the_nested_transact_that_a_savepoint_failed_in) {
  const auto subscription = hear("mail");
  Database& database = database_;
  database.transact([&](Transaction& tx) {
    tx->exec("NOTIFY mail, 'one'");
    EXPECT_THROW(database.transact([](Transaction& nested) {
      nested->exec("NOTIFY mail, 'dropped'");
      nested->exec("SAVEPOINT failed");
      nested->exec("NOTIFY mail, 'dropped too'");
      nested->exec("ROLLBACK TO failed");
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    tx->exec("NOTIFY mail, 'two'");
  });
  EXPECT_THAT(drained(), ElementsAre("mail:one", "mail:two"));
}

TEST_P(SandboxNotificationTest, come_from_triggers_and_from_deferred_ones) {
  const auto subscription = hear("users");
  run("CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_notify('users', TG_NAME || NEW.email); RETURN NULL; END $$; "
      "CREATE TRIGGER now AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION tell(); "
      "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION tell()");
  run("INSERT INTO users (email) VALUES ('a'), ('b')");
  EXPECT_THAT(drained(), ElementsAre("users:nowa", "users:nowb", "users:latea", "users:lateb"));
}

TEST_P(SandboxNotificationTest, are_folded_where_they_are_equal) {
  const auto subscription = hear("mail");
  run("NOTIFY mail, 'a'; SELECT pg_notify('mail', 'b'); NOTIFY mail, 'a'");
  run("NOTIFY mail, 'a'");
  EXPECT_THAT(drained(), ElementsAre("mail:a", "mail:b", "mail:a"));
}

TEST_P(SandboxNotificationTest, come_to_the_channels_that_are_listened_to) {
  const auto first = hear("mail");
  {
    const auto second = hear("Mail");
    run("NOTIFY MAIL, 'folded'; NOTIFY \"Mail\", 'kept'; NOTIFY other");
    EXPECT_THAT(drained(), ElementsAre("mail:folded", "Mail:kept"));
    run("NOTIFY \"Mail\"");
  }
  EXPECT_THAT(drained(), IsEmpty());  // a subscription that has ended hears no more
}

TEST_P(SandboxNotificationTest, stay_in_their_sandbox) {
  Sandbox other(test_database(), with());
  const auto subscription = hear("mail");
  other.database().transact([](Transaction& tx) { tx->exec("NOTIFY mail"); });
  run("SELECT 1");
  EXPECT_THAT(drained(), IsEmpty());
  EXPECT_EQ(other.finish().status(), absl::OkStatus());
}

TEST_P(SandboxNotificationTest, are_handled_by_code_that_transacts) {
  InlineExecutor inline_executor(sandbox_.simulation());
  std::string seen;
  const auto subscription =
      database_.listen("users", inline_executor, [&](const Notification& notification) {
        seen = notification.payload + std::to_string(count_users(database_));
      });
  run("INSERT INTO users (email) VALUES ('a'); NOTIFY users, 'count: '");
  EXPECT_EQ(seen, "count: 1");
}

TEST_P(SandboxNotificationTest, refuse_a_listener_without_a_channel_or_handler) {
  EXPECT_THROW(static_cast<void>(hear("")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(database_.listen("mail", executor_, nullptr)),
               std::invalid_argument);
}

using PooledNotificationTest = SandboxFixture;

TEST_F(PooledNotificationTest, come_from_other_sessions) {
  ThreadPoolExecutor executor({.threads = 1});
  PooledDatabase database(test_database().connection_string());
  std::promise<std::string> heard;
  const auto subscription = database.listen(
      "mail", executor,
      [&](const Notification& notification) { heard.set_value(notification.payload); });
  pqxx::connection other(test_database().connection_string());
  pqxx::nontransaction(other).exec("NOTIFY mail, 'from elsewhere'");
  std::future<std::string> payload = heard.get_future();
  ASSERT_EQ(payload.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(payload.get(), "from elsewhere");
}

TEST_F(PooledNotificationTest, say_that_there_is_no_connection) {
  ThreadPoolExecutor executor({.threads = 1});
  PooledDatabase database("postgresql:///x?host=/nowhere");
  EXPECT_THROW(static_cast<void>(database.listen("mail", executor, [](const Notification&) {})),
               pqxx::broken_connection);
}

TEST_F(PooledNotificationTest, come_again_after_the_connection_was_lost) {
  ThreadPoolExecutor executor({.threads = 1});
  PooledDatabase database(test_database().connection_string());
  std::promise<void> heard;
  const auto hear = [&](const Notification&) { heard.set_value(); };
  const auto subscription = database.listen("mail", executor, hear);
  pqxx::connection other(test_database().connection_string());
  pqxx::nontransaction work(other);
  work.exec(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
      "WHERE query LIKE 'LISTEN%' AND datname = current_database()");
  // Another one's listen() returns when the connection is there again.
  const auto second = database.listen("other", executor, [](const Notification&) {});
  work.exec("NOTIFY mail");
  EXPECT_EQ(heard.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

}  // namespace
}  // namespace drydock
