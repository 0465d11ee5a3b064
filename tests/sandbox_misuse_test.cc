// What a test is told that uses its sandbox as it is not meant to be used, word for word.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <string>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/misuse_error.h"
#include "drydock/sandbox.h"
#include "drydock/thread_pool_executor.h"
#include "tests/sandbox_fixture.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class SandboxMisuseTest : public EveryStrategy {};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxMisuseTest);

TEST_P(SandboxMisuseTest, finish_inside_a_transaction) {
  Sandbox sandbox(test_database(), with());
  std::string text;
  sandbox.database().transact(
      [&](Transaction&) { text = text_of<MisuseError>([&] { sandbox.finish(); }); });
  EXPECT_EQ(text,
            "drydock: finish() was called inside a transaction of its sandbox. Call it after "
            "transact() has returned.");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxMisuseTest, an_injection_that_could_never_fail_a_commit) {
  Sandbox sandbox(test_database(), with());
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(text_of<std::invalid_argument>([&] {
              sandbox.fail_next_commit(Injected::kDeadlock, {.times = 0, .skip = -1}, where);
            }),
            "drydock: fail_next_commit at " + where.to_string() +
                " has times = 0 and skip = -1. times is 1 or more, skip 0 or more.");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxMisuseTest, an_injection_that_no_commit_has_met) {
  Sandbox sandbox(test_database(), with());
  const SourceLocation where = SourceLocation::current();
  sandbox.fail_next_commit(Injected::kDeadlock, {.job = "mail", .transact = "signup.cc"}, where);
  sandbox.fail_next_commit(Injected::kConnectionLost, {.times = 2}, where);
  EXPECT_THAT(
      sandbox.finish().breaches,
      ElementsAre("fail_next_commit(Injected::kDeadlock) at " + where.to_string() +
                      " was to fail 1 more commit of the job 'mail' of the transact at signup.cc, "
                      "but none came. A test that injects a failure has to reach it.",
                  "fail_next_commit(Injected::kConnectionLost) at " + where.to_string() +
                      " was to fail 2 more commits, but none came. A test that injects a failure "
                      "has to reach it."));
}

TEST_P(SandboxMisuseTest, listening_to_nothing_or_with_nothing) {
  Sandbox sandbox(test_database(), with());
  DeferredExecutor executor(sandbox.simulation());
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(text_of<std::invalid_argument>([&] {
              static_cast<void>(sandbox.database().listen(
                  "", executor, [](const Notification&) {}, where));
            }),
            "drydock: listen() at " + where.to_string() +
                " names no channel. Give it the name that NOTIFY uses.");
  EXPECT_EQ(
      text_of<std::invalid_argument>(
          [&] { static_cast<void>(sandbox.database().listen("mail", executor, nullptr, where)); }),
      "drydock: listen() at " + where.to_string() + " has no handler. Give it a function to call.");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

TEST_P(SandboxMisuseTest, a_thread_that_is_in_a_transaction_when_the_test_ends) {
  ThreadPoolExecutor pool({.threads = 1});
  std::promise<void> begun, let_go;
  SandboxReport report;
  const SourceLocation submitted = SourceLocation::current();
  const SourceLocation where = SourceLocation::current();
  {
    Sandbox sandbox(test_database(), with({.lease_timeout = absl::Milliseconds(1),
                                           .idle_timeout = absl::Milliseconds(1)}));
    pool.submit(
        {.name = "mail"},
        [&, database = Sandbox::current()] {
          database->transact(
              [&](Transaction& tx) {
                tx->exec("SELECT 1");
                begun.set_value();
                let_go.get_future().wait();
              },
              where);
        },
        submitted);
    begun.get_future().wait();
    report = sandbox.finish();
    let_go.set_value();
    ASSERT_EQ(pool.wait_idle(absl::Seconds(30)), absl::OkStatus());
  }
  ASSERT_THAT(report.breaches, SizeIs(2));
  const std::string job = "'mail' (#1, submitted at " + submitted.to_string() + ")";
  const std::string transact = "the transact at " + where.to_string();
  EXPECT_EQ(without_times(report.breaches[0]),
            "jobs of this test were still queued or running on real threads 1ms after its end: 1 "
            "job runs and 0 wait:"
            "\n  running for T on thread 'thread_pool-1' of executor 'thread_pool': " +
                job + "\n    in " + transact +
                " for T, between two SQL statements, the last of them: SELECT 1"
                "\n  Call drydock::wait_idle() on these executors before the test ends, or give "
                "the code under test a DeferredExecutor.");
  // (The full stop goes with the time.)
  const std::string holder = GetParam() == Strategy::kTransaction
                                 ? "job " + job + ", in " + transact + ", for T"
                                 : transact + ".";
  EXPECT_EQ(without_times(report.breaches[1]),
            "a transaction was still open when the test ended: " + holder +
                " Wait for the thread before the test ends.");
}

using TransactionSandboxMisuseTest = SandboxFixture;

TEST_F(TransactionSandboxMisuseTest, a_connection_string_to_its_transaction) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  EXPECT_EQ(text_of<MisuseError>([&] { static_cast<void>(sandbox.connection_string()); }),
            "drydock: connection_string() of a sandbox with Strategy::kTransaction: its "
            "transaction cannot be seen from a second connection. Give the code under test "
            "sandbox.database(), a drydock::Database&; or give the test a database of its own: "
            "SandboxOptions{.strategy = drydock::Strategy::kClone}.");
}

}  // namespace
}  // namespace drydock
