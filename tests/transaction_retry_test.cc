// `max_attempts`: which failures run the body again, and what becomes of the hooks; on a real
// server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "drydock/pooled_database.h"
#include "src/retry_backoff.h"
#include "tests/scratch_database.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

class TransactionRetryTest : public ::testing::Test {
 protected:
  TransactionRetryTest() { scratch_.exec("CREATE TABLE t (n int PRIMARY KEY, value int)"); }

  std::unique_ptr<PooledDatabase> pool() {
    return std::make_unique<PooledDatabase>(scratch_.connection_string());
  }

  testing::ScratchDatabase scratch_;
};

TEST_F(TransactionRetryTest, ASerializationFailureRunsTheBodyAgain) {
  scratch_.exec("INSERT INTO t VALUES (1, 0)");
  const auto database = pool();
  const auto other = pool();
  int attempts = 0;
  std::vector<int> hooks;
  database->transact(
      {.isolation = Isolation::kRepeatableRead, .max_attempts = 3}, [&](Transaction& tx) {
        const int attempt = ++attempts;
        tx.on_commit([&hooks, attempt] { hooks.push_back(attempt); });
        tx->exec("SELECT value FROM t");
        if (attempt == 1) {
          other->transact([](Transaction& late) { late->exec("UPDATE t SET value = value + 1"); });
        }
        tx->exec("UPDATE t SET value = value + 10");
      });
  EXPECT_EQ(attempts, 2);
  EXPECT_THAT(hooks, ElementsAre(2));
  EXPECT_EQ(scratch_.query("SELECT value FROM t"), "11");
}

TEST_F(TransactionRetryTest, ASerializationFailureComesOutAfterTheLastAttempt) {
  scratch_.exec("INSERT INTO t VALUES (1, 0)");
  const auto database = pool();
  const auto other = pool();
  for (const int allowed : {1, 3}) {
    int attempts = 0;
    EXPECT_THROW(
        database->transact({.isolation = Isolation::kSerializable, .max_attempts = allowed},
                           [&](Transaction& tx) {
                             ++attempts;
                             tx->exec("SELECT value FROM t");
                             other->transact(
                                 [](Transaction& late) { late->exec("UPDATE t SET value = 1"); });
                             tx->exec("UPDATE t SET value = 2");
                           }),
        pqxx::serialization_failure);
    EXPECT_EQ(attempts, allowed);
  }
  EXPECT_EQ(database->usage().idle, 1);
}

TEST_F(TransactionRetryTest, ADeadlockRunsTheBodyOfItsVictimAgain) {
  scratch_.exec("INSERT INTO t VALUES (1, 0), (2, 0)");
  const auto database = pool();
  std::latch both_hold_one(2);
  const auto lock_both = [&](int first, int second) {
    bool first_attempt = true;
    database->transact({.max_attempts = 5}, [&](Transaction& tx) {
      tx->exec("SET LOCAL deadlock_timeout = '20ms'");
      tx->exec_params("UPDATE t SET value = value + 1 WHERE n = $1", first);
      if (std::exchange(first_attempt, false)) both_hold_one.arrive_and_wait();
      tx->exec_params("UPDATE t SET value = value + 1 WHERE n = $1", second);
    });
  };
  std::thread other([&] { lock_both(2, 1); });
  lock_both(1, 2);
  other.join();
  EXPECT_EQ(scratch_.query("SELECT string_agg(value::text, ',' ORDER BY n) FROM t"), "2,2");
}

TEST_F(TransactionRetryTest, OtherErrorsAreNotRetried) {
  int attempts = 0;
  EXPECT_THROW(pool()->transact({.max_attempts = 3},
                                [&](Transaction& tx) {
                                  ++attempts;
                                  tx->exec("SELECT 1/0");
                                }),
               pqxx::data_exception);
  EXPECT_EQ(attempts, 1);
}

TEST(RetryBackoff, IsBoundedAndDoubles) {
  using std::chrono::milliseconds;
  EXPECT_EQ(internal::longest_wait_before_retry(1), milliseconds(1));
  EXPECT_EQ(internal::longest_wait_before_retry(2), milliseconds(2));
  EXPECT_EQ(internal::longest_wait_before_retry(7), milliseconds(64));
  EXPECT_EQ(internal::longest_wait_before_retry(1000), milliseconds(64));
}

}  // namespace
}  // namespace drydock
