// The pool, on a real server: who gets a connection, what happens when one is lost, and retries.
#include "drydock/pooled_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <pqxx/pqxx>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "drydock/transaction_errors.h"
#include "tests/scratch_database.h"

namespace drydock {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string backend_pid(Transaction& tx) {
  return tx->exec("SELECT pg_backend_pid()").at(0).at(0).c_str();
}

class PooledDatabaseTest : public ::testing::Test {
 protected:
  PooledDatabaseTest() {
    scratch_.exec("CREATE TABLE t (n int PRIMARY KEY, value int NOT NULL DEFAULT 0)");
  }

  std::unique_ptr<PooledDatabase> pool(PoolOptions options = PoolOptions()) {
    return std::make_unique<PooledDatabase>(scratch_.connection_string(), std::move(options));
  }
  std::string count() { return scratch_.query("SELECT count(*) FROM t"); }

  testing::ScratchDatabase scratch_;
};

TEST_F(PooledDatabaseTest, OpensConnectionsLazilyAndReusesTheLastReturned) {
  const auto database = pool({.max_connections = 3});
  EXPECT_EQ(database->usage().idle, 0);
  std::string pid;
  database->transact([&](Transaction& tx) {
    pid = backend_pid(tx);
    EXPECT_EQ(database->usage().in_use, 1);
    EXPECT_EQ(database->usage().idle, 0);
  });
  EXPECT_EQ(database->usage().in_use, 0);
  EXPECT_EQ(database->usage().idle, 1);
  EXPECT_EQ(database->transact([](Transaction& tx) { return backend_pid(tx); }), pid);
  EXPECT_EQ(database->usage().idle, 1);
}

TEST_F(PooledDatabaseTest, IsolationAndReadOnlyReachTheServer) {
  const auto database = pool();
  const auto shown = [&](TransactionOptions options) {
    return database->transact(options, [](Transaction& tx) {
      return absl::StrCat(tx->exec("SHOW transaction_isolation").at(0).at(0).c_str(),
                          ", read only ",
                          tx->exec("SHOW transaction_read_only").at(0).at(0).c_str());
    });
  };
  EXPECT_EQ(shown({}), "read committed, read only off");
  EXPECT_EQ(shown({.read_only = true}), "read committed, read only on");
  EXPECT_EQ(shown({.isolation = Isolation::kRepeatableRead}), "repeatable read, read only off");
  EXPECT_EQ(shown({.isolation = Isolation::kRepeatableRead, .read_only = true}),
            "repeatable read, read only on");
  EXPECT_EQ(shown({.isolation = Isolation::kSerializable}), "serializable, read only off");
  EXPECT_EQ(shown({.isolation = Isolation::kSerializable, .read_only = true}),
            "serializable, read only on");
}

TEST_F(PooledDatabaseTest, AWriteInAReadOnlyTransactionIsRefusedByTheServer) {
  try {
    pool()->transact({.read_only = true},
                     [](Transaction& tx) { tx->exec("INSERT INTO t VALUES (1)"); });
    FAIL() << "nothing thrown";
  } catch (const pqxx::sql_error& error) {
    EXPECT_EQ(error.sqlstate(), "25006");
  }
}

TEST_F(PooledDatabaseTest, AUniqueViolationPassesUntouched) {
  const auto database = pool();
  database->transact([](Transaction& tx) { tx->exec("INSERT INTO t VALUES (1)"); });
  EXPECT_THROW(database->transact([](Transaction& tx) { tx->exec("INSERT INTO t VALUES (1)"); }),
               pqxx::unique_violation);
  EXPECT_EQ(database->usage().idle, 1);
}

TEST_F(PooledDatabaseTest, AnErrorAtTheCommitPassesUntouchedAndDropsTheHooks) {
  scratch_.exec("CREATE TABLE later (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  const auto database = pool();
  bool ran = false;
  EXPECT_THROW(database->transact([&](Transaction& tx) {
    tx.on_commit([&] { ran = true; });
    tx->exec("INSERT INTO later VALUES (1), (1)");
  }),
               pqxx::unique_violation);
  EXPECT_FALSE(ran);
  EXPECT_EQ(database->usage().idle, 1);
  EXPECT_EQ(scratch_.query("SELECT count(*) FROM later"), "0");
}

TEST_F(PooledDatabaseTest, AServerThatIsAwayShowsAtTheFirstTransact) {
  PooledDatabase database("host=/nonexistent port=5999 dbname=app user=web password=hunter2");
  for (int i = 0; i < 2; ++i) {
    bool ran = false;
    try {
      database.transact([&](Transaction&) { ran = true; });
      FAIL() << "nothing thrown";
    } catch (const pqxx::broken_connection& error) {
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr("cannot connect to database \"app\" at socket"),
                        HasSubstr("no server answers there"), Not(HasSubstr("hunter2"))));
    }
    EXPECT_FALSE(ran);
    EXPECT_EQ(database.usage().in_use, 0);
  }
}

TEST_F(PooledDatabaseTest, AConnectionLostWhileIdleIsReplacedBeforeTheBodyRuns) {
  const auto database = pool();
  const std::string pid = database->transact([](Transaction& tx) { return backend_pid(tx); });
  scratch_.terminate_backend(pid);
  int runs = 0;
  const std::string next = database->transact([&](Transaction& tx) {
    ++runs;
    return backend_pid(tx);
  });
  EXPECT_NE(next, pid);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(database->usage().idle, 1);
}

TEST_F(PooledDatabaseTest, AConnectionLostInTheTransactionThrowsAndTheNextOneWorks) {
  const auto database = pool();
  bool ran = false;
  EXPECT_THROW(database->transact([&](Transaction& tx) {
    tx.on_commit([&] { ran = true; });
    tx->exec("INSERT INTO t VALUES (1)");
    scratch_.terminate_backend(backend_pid(tx));
    tx->exec("INSERT INTO t VALUES (2)");
  }),
               pqxx::broken_connection);
  EXPECT_FALSE(ran);
  EXPECT_EQ(database->usage().idle, 0);
  database->transact([](Transaction& tx) { tx->exec("INSERT INTO t VALUES (3)"); });
  EXPECT_EQ(scratch_.query("SELECT string_agg(n::text, ',') FROM t"), "3");
}

TEST_F(PooledDatabaseTest, ALostConnectionWhoseExceptionIsSwallowedIsNoCommit) {
  const auto database = pool();
  EXPECT_THROW(database->transact([&](Transaction& tx) {
    scratch_.terminate_backend(backend_pid(tx));
    EXPECT_THROW(tx->exec("INSERT INTO t VALUES (1)"), pqxx::broken_connection);
  }),
               pqxx::broken_connection);
  EXPECT_EQ(count(), "0");
}

TEST_F(PooledDatabaseTest, ALostConnectionInANestedTransactionComesOut) {
  const auto database = pool();
  EXPECT_THROW(database->transact([&](Transaction&) {
    database->transact([&](Transaction& inner) {
      scratch_.terminate_backend(backend_pid(inner));
      inner->exec_params("INSERT INTO t VALUES ($1)", 1);
    });
  }),
               pqxx::broken_connection);
  database->transact([](Transaction& tx) { tx->exec("INSERT INTO t VALUES (2)"); });
  EXPECT_EQ(count(), "1");
}

TEST_F(PooledDatabaseTest, AConnectionLostDuringTheCommitIsInDoubt) {
  scratch_.exec(
      "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION end_session()");
  const auto database = pool();
  bool ran = false;
  try {
    database->transact({.max_attempts = 3}, [&](Transaction& tx) {
      EXPECT_FALSE(ran);
      tx.on_commit([&] { ran = true; });
      tx->exec("INSERT INTO t VALUES (1)");
    });
    FAIL() << "nothing thrown";
  } catch (const pqxx::in_doubt_error& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("lost during the COMMIT of the transact at "),
                      HasSubstr("pooled_database_test.cc:"), HasSubstr("only the data can tell")));
  }
  EXPECT_FALSE(ran);
}

TEST_F(PooledDatabaseTest, AFullPoolNamesWhoHoldsTheConnections) {
  const auto database = pool({.max_connections = 2, .acquire_timeout = absl::Milliseconds(1)});
  PooledDatabase* const shared = database.get();
  std::latch held(2);
  std::latch done(1);
  std::vector<std::string> places(2);
  std::vector<std::thread> holders;
  for (std::string& place : places) {
    holders.emplace_back([shared, &held, &done, &place] {
      const SourceLocation where = SourceLocation::current();
      place = where.to_string();
      shared->transact(
          [&](Transaction&) {
            held.count_down();
            done.wait();
          },
          where);
    });
  }
  held.wait();
  const SourceLocation here = SourceLocation::current();
  try {
    database->transact([](Transaction&) { FAIL() << "no connection should be left"; }, here);
    FAIL() << "nothing thrown";
  } catch (const PoolTimeoutError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("drydock: no database connection came free within 1ms for the "
                                "transact at " +
                                here.to_string()),
                      HasSubstr("In use: 2 of max_connections = 2, held by\n"),
                      HasSubstr("\n  the transact at " + places[0] + ", since "),
                      HasSubstr("raise PoolOptions::max_connections or acquire_timeout")));
  }
  EXPECT_EQ(database->usage().waiting, 0);
  done.count_down();
  for (std::thread& holder : holders) holder.join();
  database->transact([](Transaction&) {});
}

TEST_F(PooledDatabaseTest, ManyThreadsShareAFewConnections) {
  constexpr int kThreads = 12;
  constexpr int kRounds = 20;
  const auto database = pool({.max_connections = 3, .acquire_timeout = absl::Seconds(60)});
  std::atomic<int> hooks{0};
  std::atomic<int> most_in_use{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        database->transact([&](Transaction& tx) {
          int in_use = database->usage().in_use;
          int most = most_in_use.load();
          while (most < in_use && !most_in_use.compare_exchange_weak(most, in_use)) {
          }
          tx->exec_params("INSERT INTO t VALUES ($1)", thread * kRounds + round);
          tx.on_commit([&] { ++hooks; });
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(), std::to_string(kThreads * kRounds));
  EXPECT_EQ(hooks.load(), kThreads * kRounds);
  EXPECT_LE(most_in_use.load(), 3);
  const PoolUsage usage = database->usage();
  EXPECT_LE(usage.idle, 3);
  EXPECT_EQ(usage.in_use + usage.waiting, 0);
}

TEST_F(PooledDatabaseTest, AHookMayTransactEvenWhereThereIsOneConnection) {
  const auto database = pool({.max_connections = 1, .acquire_timeout = absl::ZeroDuration()});
  std::string seen;
  database->transact([&](Transaction& tx) {
    tx->exec("INSERT INTO t VALUES (1)");
    tx.on_commit([&] {
      database->transact([&](Transaction& next) {
        seen = next->exec("SELECT count(*) FROM t").at(0).at(0).c_str();
      });
    });
  });
  EXPECT_EQ(seen, "1");
}

TEST_F(PooledDatabaseTest, AHookThatThrowsGoesToTheHandlerAndFailsNothing) {
  std::vector<std::string> failures;
  const auto database = pool({.on_hook_failure = [&](const HookFailure& failure) {
    failures.push_back(failure.message());
  }});
  bool next_ran = false;
  database->transact([&](Transaction& tx) {
    tx->exec("INSERT INTO t VALUES (1)");
    tx.on_commit([] { throw std::runtime_error("no such counter"); });
    tx.on_commit([&] { next_ran = true; });
  });
  EXPECT_THAT(failures, ElementsAre(AllOf(HasSubstr("pooled_database_test.cc:"),
                                          HasSubstr("no such counter"))));
  EXPECT_TRUE(next_ran);
  EXPECT_EQ(count(), "1");
}

TEST_F(PooledDatabaseTest, WithoutAHandlerAHookThatThrowsIsLoggedOnce) {
  const auto database = pool();
  ::testing::internal::CaptureStderr();
  database->transact(
      [](Transaction& tx) { tx.on_commit([] { throw std::runtime_error("no such counter"); }); });
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("on_commit hook"), HasSubstr("no such counter")));
  EXPECT_EQ(log.find('\n'), log.size() - 1);
}

TEST_F(PooledDatabaseTest, OptionsThatCannotWorkAreRefusedInWords) {
  try {
    pool({.max_connections = 0});
    FAIL() << "nothing thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("max_connections is 0; a pool needs at least 1."));
  }
  try {
    pool()->transact({.max_attempts = 0}, [](Transaction&) {});
    FAIL() << "nothing thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("pooled_database_test.cc:"), HasSubstr("max_attempts = 0")));
  }
}

}  // namespace
}  // namespace drydock
