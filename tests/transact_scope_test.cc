// What a listing of unfinished jobs says of one that is in a transaction.

#include "src/transact_scope.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <latch>
#include <pqxx/pqxx>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/pooled_database.h"
#include "drydock/sandbox.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/wait_idle.h"
#include "tests/sandbox_fixture.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

// Of one job in one transact.
const std::string kInTransact =
    "drydock: executor 'pool' is not idle after T: 1 job runs and 0 wait:"
    "\n  running for T on thread 'pool-1': 'import' (#1, submitted at " +
    kAt + ")\n    in the transact at " + kAt + " for T";
const std::string kSilentJob = kInTransact + ", which has sent no SQL statement yet";

class TransactScopeTest : public SandboxFixture {
 protected:
  // Returns when a session of this database waits for a lock: others share the server.
  static void until_a_session_waits() {
    pqxx::connection connection(test_database().connection_string());
    int waiting = 0;
    while (waiting == 0) {
      pqxx::work work(connection);
      waiting = work.exec1(
                        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
                        "AND database = (SELECT oid FROM pg_database WHERE datname = "
                        "current_database())")[0]
                    .as<int>();
    }
  }

  // What the body of a transact calls where the listing is to be taken.
  using Here = std::function<void()>;

  // Of a job that is in a transact with this body.
  static std::string listing_of(Sandbox& sandbox,
                                const std::function<void(Transaction&, const Here&)>& body) {
    std::latch runs(1);
    std::latch open(1);
    ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
    const Here here = [&] {
      runs.count_down();
      open.wait();
    };
    pool.submit(
        {.name = "import"},
        [&] { sandbox.database().transact([&](Transaction& tx) { body(tx, here); }, kSite); },
        kSite);
    runs.wait();
    const absl::Status status = wait_idle({&pool}, absl::Milliseconds(1));
    open.count_down();
    EXPECT_EQ(pool.wait_idle(absl::InfiniteDuration()), absl::OkStatus());
    return text_of(status);
  }

  static std::string listing_of_a_silent_job(Sandbox& sandbox) {
    return listing_of(sandbox, [](Transaction&, const Here& here) { here(); });
  }

  static std::string text_of(const absl::Status& status) {
    return without_times(std::string(status.message()));
  }
};

TEST_F(TransactScopeTest, ListsTheStatementThatAJobIsIn) {
  PooledDatabase database(test_database().connection_string(), {});
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  pqxx::connection connection(test_database().connection_string());
  pqxx::work holder(connection);
  holder.exec("SELECT pg_advisory_xact_lock(4711)");
  pool.submit(
      {.name = "import"},
      [&] {
        database.transact(
            [](Transaction& tx) { tx->exec_params("SELECT pg_advisory_xact_lock($1),\n 1", 4711); },
            kSite);
      },
      kSite);
  until_a_session_waits();
  const absl::Status status = wait_idle({&pool}, absl::Milliseconds(1));
  holder.commit();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(text_of(status),
            kInTransact + ", in an SQL statement for T: SELECT pg_advisory_xact_lock($1),  1");
  EXPECT_EQ(pool.wait_idle(absl::InfiniteDuration()), absl::OkStatus());
}

TEST_F(TransactScopeTest, SaysOfAJobThatHasSentNothingYetThatItHasNot) {
  for (const Strategy strategy : {Strategy::kTransaction, Strategy::kClone}) {
    Sandbox sandbox(test_database(), {.strategy = strategy});
    EXPECT_EQ(listing_of_a_silent_job(sandbox), kSilentJob);
  }
}

// What the sandbox's session has seen last is of the transact before.
TEST_F(TransactScopeTest, ShowsNoStatementOfAnEarlierTransact) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  sandbox.database().transact([](Transaction& tx) { tx->exec("SELECT 17"); });
  EXPECT_EQ(listing_of_a_silent_job(sandbox), kSilentJob);
}

TEST_F(TransactScopeTest, ListsTheLastStatementOfAJobThatIsBetweenTwo) {
  for (const Strategy strategy : {Strategy::kTransaction, Strategy::kClone}) {
    Sandbox sandbox(test_database(), {.strategy = strategy});
    EXPECT_EQ(listing_of(sandbox,
                         [](Transaction& tx, const Here& here) {
                           tx->exec("SELECT 17");
                           here();
                         }),
              kInTransact + ", between two SQL statements, the last of them: SELECT 17");
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  }
}

TEST_F(TransactScopeTest, CallsASavepointOfANestedTransactDrydocksOwn) {
  for (const Strategy strategy : {Strategy::kTransaction, Strategy::kClone}) {
    Sandbox sandbox(test_database(), {.strategy = strategy});
    Database& database = sandbox.database();
    EXPECT_EQ(listing_of(sandbox,
                         [&](Transaction& tx, const Here& here) {
                           tx->exec("SELECT 17");
                           database.transact([&](Transaction&) { here(); });
                         }),
              kInTransact +
                  ", between two SQL statements, the last of them, drydock's own: "
                  "SAVEPOINT drydock_nested_1");
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  }
}

TEST_F(TransactScopeTest, TheEndOfASandboxListsTheStatementToo) {
  std::latch runs(1);
  std::latch open(1);
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  Sandbox sandbox(test_database(), {.lease_timeout = absl::Milliseconds(1),
                                    .idle_timeout = absl::Milliseconds(1),
                                    .strategy = Strategy::kTransaction});
  pool.submit(
      {.name = "import"},
      [&runs, &open, database = &sandbox.database()] {
        database->transact(
            [&](Transaction& tx) {
              tx->exec("SELECT 17");
              runs.count_down();
              open.wait();
            },
            kSite);
      },
      kSite);
  runs.wait();
  const SandboxReport report = sandbox.finish();
  open.count_down();
  ASSERT_FALSE(report.breaches.empty());
  EXPECT_EQ(
      without_times(report.breaches[0]),
      "jobs of this test were still queued or running on real threads 1ms after its end: 1 job "
      "runs and 0 wait:"
      "\n  running for T on thread 'pool-1' of executor 'pool': 'import' (#1, submitted at " +
          kAt +
          ")"
          "\n    in the transact at " +
          kAt +
          " for T, between two SQL statements, the last of them: SELECT 17"
          "\n  Call drydock::wait_idle() on these executors before the test ends, or give "
          "the code under test a DeferredExecutor.");
}

TEST_F(TransactScopeTest, TheEndOfASandboxListsItsOwnJobsOnly) {
  std::latch run(2);
  std::latch open(1);
  ThreadPoolExecutor pool({.threads = 2, .name = "pool"});
  const auto hold = [&] {
    run.count_down();
    open.wait();
  };
  pool.submit({.name = "of the program"}, hold);
  Sandbox sandbox(test_database(), {.idle_timeout = absl::Milliseconds(1)});
  pool.submit({.name = "of the test"}, hold);
  run.wait();
  const SandboxReport report = sandbox.finish();
  open.count_down();
  ASSERT_EQ(report.breaches.size(), 1U);
  EXPECT_NE(report.breaches[0].find("1 job runs and 0 wait"), std::string::npos);
  EXPECT_NE(report.breaches[0].find("'of the test'"), std::string::npos);
}

}  // namespace
}  // namespace drydock
