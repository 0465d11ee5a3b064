// A wait for a connection of a pool that would be in vain, since those who hold the connections
// wait for the one who asks, is refused when it begins; one that may end is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/pooled_database.h"
#include "drydock/source_location.h"
#include "drydock/thread_pool_executor.h"
#include "src/waits.h"
#include "tests/scratch_database.h"
#include "tests/waiting_threads.h"

namespace drydock {
namespace {

constexpr absl::Duration kLong = absl::Hours(1);
constexpr absl::Duration kLonger = absl::Hours(2);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

const std::string kAdvice =
    "\n  Wait for other threads after transact() has returned, not inside its body, or raise "
    "PoolOptions::max_connections.";

class PooledDatabaseBlockedTest : public ::testing::Test {
 protected:
  std::unique_ptr<PooledDatabase> database(PoolOptions options) {
    return std::make_unique<PooledDatabase>(scratch_.connection_string(), std::move(options));
  }
  // "": it got a connection.
  static std::string message_of_transact(Database& database) {
    try {
      database.transact([](Transaction&) {}, kSite);
    } catch (const PoolTimeoutError& error) {
      return error.what();
    }
    return "";
  }

  testing::ScratchDatabase scratch_;
  ThreadPoolExecutor pool_{{.threads = 2, .name = "pool"}};
};

TEST_F(PooledDatabaseBlockedTest, AJobIsRefusedAtOnceWhereTheHolderWaitsForIt) {
  const auto database = this->database({.max_connections = 1, .acquire_timeout = kLong});
  std::string message;
  const SourceLocation outer = SourceLocation::current();
  database->transact(
      [&](Transaction&) {
        pool_.submit(
            {.name = "report"},
            [&] {
              until_threads_wait(1);
              message = message_of_transact(*database);
            },
            kSite);
        EXPECT_EQ(pool_.wait_idle(kLonger), absl::OkStatus()) << "the job has ended";
      },
      outer);
  EXPECT_EQ(message,
            "drydock: the transact at " + kAt +
                " would wait in vain for a database connection: the transacts that hold all of "
                "max_connections = 1 wait for this one."
                "\n  job 'report' (#1, submitted at " +
                kAt + ") waits for a database connection in the transact at " + kAt +
                ", while all are held by the transact at " + outer.to_string() +
                "\n  code outside any job waits until executor 'pool' is idle" + kAdvice);
  EXPECT_EQ(database->usage().waiting, 0);
  EXPECT_EQ(message_of_transact(*database), "");
}

TEST_F(PooledDatabaseBlockedTest, TheHolderIsRefusedAtOnceWhereTheJobWaitsForTheConnection) {
  const auto database = this->database({.max_connections = 1, .acquire_timeout = kLonger});
  std::string message = "not run";
  absl::Status status;
  const SourceLocation outer = SourceLocation::current();
  database->transact(
      [&](Transaction&) {
        pool_.submit(
            {.name = "report"}, [&] { message = message_of_transact(*database); }, kSite);
        until_threads_wait(1);
        status = pool_.wait_idle(kLong);
      },
      outer);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::string(status.message()),
            "drydock: wait_idle() on executor 'pool' was called from code outside any job and "
            "would wait for ever, since what it waits for waits for it:"
            "\n  code outside any job waits until executor 'pool' is idle"
            "\n  job 'report' (#1, submitted at " +
                kAt + ") waits for a database connection in the transact at " + kAt +
                ", while all are held by the transact at " + outer.to_string() +
                "\n  In a transaction, wait after transact() has returned. In a job, submit what "
                "comes after the others as a job of its own, by the last of them.");
  EXPECT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(message, "") << "the connection came free";
}

// Two pools of connections in opposite order.
TEST_F(PooledDatabaseBlockedTest, TwoThreadsThatHoldWhatTheOtherWantsAreNamed) {
  const auto one = database({.max_connections = 1, .acquire_timeout = kLong});
  const auto two = database({.max_connections = 1, .acquire_timeout = kLonger});
  const SourceLocation holds_one = SourceLocation::current();
  const SourceLocation holds_two = SourceLocation::current();
  std::latch both(2);
  std::string first = "not run";
  std::promise<std::string> second;
  pool_.submit(
      {.name = "first"},
      [&] {
        one->transact(
            [&](Transaction&) {
              both.arrive_and_wait();
              first = message_of_transact(*two);
            },
            holds_one);
      },
      kSite);
  pool_.submit(
      {.name = "second"},
      [&] {
        two->transact(
            [&](Transaction&) {
              both.arrive_and_wait();
              until_threads_wait(1);
              second.set_value(message_of_transact(*one));
            },
            holds_two);
      },
      kSite);
  EXPECT_EQ(second.get_future().get(),
            "drydock: the transact at " + kAt +
                " would wait in vain for a database connection: the transacts that hold all of "
                "max_connections = 1 wait for this one."
                "\n  job 'second' (#2, submitted at " +
                kAt + ") waits for a database connection in the transact at " + kAt +
                ", while all are held by the transact at " + holds_one.to_string() +
                "\n  job 'first' (#1, submitted at " + kAt +
                ") waits for a database connection in the transact at " + kAt +
                ", while all are held by the transact at " + holds_two.to_string() + kAdvice);
  pool_.shutdown();
  EXPECT_EQ(first, "") << "it got what the other gave back";
}

TEST_F(PooledDatabaseBlockedTest, NobodyIsRefusedWhereTheHolderGivesUpFirst) {
  const auto database = this->database({.max_connections = 1, .acquire_timeout = kLong});
  std::string message = "not run";
  database->transact([&](Transaction&) {
    pool_.submit([&] { message = message_of_transact(*database); });
    EXPECT_FALSE(pool_.wait_idle(absl::Milliseconds(5)).ok());
  });
  EXPECT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(message, "");
}

TEST_F(PooledDatabaseBlockedTest, NobodyIsRefusedWhileOneHolderGoesOn) {
  const auto database = this->database({.max_connections = 2, .acquire_timeout = kLong});
  std::string message = "not run";
  std::latch held(1);
  std::latch go(1);
  std::thread holder([&] {
    database->transact([&](Transaction&) {
      held.count_down();
      go.wait();
    });
  });
  held.wait();
  database->transact([&](Transaction&) {
    pool_.submit([&] { message = message_of_transact(*database); });
    until_threads_wait(1);
    std::thread opener([&] {
      until_threads_wait(2);
      go.count_down();
    });
    EXPECT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
    opener.join();
  });
  holder.join();
  EXPECT_EQ(message, "");
}

}  // namespace
}  // namespace drydock
