// Sixteen threads in one sandbox, for ten seconds: nobody waits for ever, no row is lost, and the
// connection goes round in the order in which they asked for it.
//
// DRYDOCK_STRESS_SECONDS sets another time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/sandbox.h"
#include "src/lease.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kThreads = 16;

Clock::time_point end_of_stress() {
  const char* const wanted = std::getenv("DRYDOCK_STRESS_SECONDS");
  return Clock::now() + std::chrono::seconds(wanted == nullptr ? 10 : std::atoi(wanted));
}

// What the threads of a test share. Everything but `failure` is used by the holder of the lease.
struct Ledger {
  std::int64_t turns = 0;
  int inside = 0;
  std::vector<std::int64_t> committed = std::vector<std::int64_t>(kThreads);
  std::atomic<bool> broken{false};
};

class SandboxThreadsTest : public SandboxFixture {
 protected:
  // One turn at the connection: alone, and with all that earlier turns have left.
  static void take_turn(Database& database, Ledger& ledger, int thread, bool throws) {
    database.transact([&](Transaction& tx) {
      if (++ledger.inside != 1) ledger.broken = true;
      ++ledger.turns;
      const std::string row =
          "'thread " + std::to_string(thread) + ", turn " + std::to_string(ledger.turns) + "'";
      tx->exec("INSERT INTO users (email) VALUES (" + row + ")");
      database.transact([&](Transaction& nested) {
        nested->exec("UPDATE users SET email = email WHERE email = " + row);
      });
      --ledger.inside;
      if (throws) throw std::runtime_error("rolled back");
      ++ledger.committed[static_cast<std::size_t>(thread)];
    });
  }

  static void work_until(Clock::time_point end, Database& database, Ledger& ledger, int thread) {
    for (int turn = 0; Clock::now() < end && !ledger.broken; ++turn) {
      try {
        take_turn(database, ledger, thread, turn % 5 == 4);
      } catch (const std::runtime_error& error) {
        if (std::string(error.what()) != "rolled back") ledger.broken = true;
      }
    }
  }
};

TEST_F(SandboxThreadsTest, lose_no_row_and_do_not_deadlock) {
  Sandbox sandbox(test_database(),
                  {.lease_timeout = absl::Seconds(60), .strategy = Strategy::kTransaction});
  Ledger ledger;
  const Clock::time_point end = end_of_stress();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back(&SandboxThreadsTest::work_until, end, std::ref(sandbox.database()),
                         std::ref(ledger), thread);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(ledger.broken);
  sandbox.database().transact([&](Transaction& tx) {
    for (int thread = 0; thread < kThreads; ++thread) {
      const std::int64_t committed = ledger.committed[static_cast<std::size_t>(thread)];
      EXPECT_GT(committed, 0) << "thread " << thread << " never had a turn";
      EXPECT_EQ(tx->exec1("SELECT count(*) FROM users WHERE email LIKE 'thread " +
                          std::to_string(thread) + ",%'")[0]
                    .as<std::int64_t>(),
                committed)
          << "thread " << thread;
    }
  });
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  EXPECT_EQ(committed_users(), 0);
}

// Each thread comes when those before it stand in the line, which the desk itself tells.
TEST_F(SandboxThreadsTest, are_served_in_the_order_in_which_they_came) {
  internal::LeaseDesk desk;
  const SourceLocation here = SourceLocation::current();
  const Clock::time_point end = end_of_stress();
  for (int round = 0; round < 3 || Clock::now() < end; ++round) {
    std::vector<int> served;  // written by the holder
    std::vector<std::thread> threads;
    {
      const internal::Lease first(desk, here, absl::Seconds(60));
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
          const internal::Lease lease(desk, here, absl::Seconds(60));
          served.push_back(thread);
        });
        while (desk.line_length() != thread + 2) std::this_thread::yield();
      }
    }
    for (std::thread& thread : threads) thread.join();
    for (int thread = 0; thread < kThreads; ++thread) {
      ASSERT_EQ(served.at(static_cast<std::size_t>(thread)), thread) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace drydock
