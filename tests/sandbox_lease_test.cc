// Threads that take turns in one sandbox.

#include <gtest/gtest.h>

#include <string>

#include "absl/time/time.h"
#include "drydock/sandbox.h"
#include "drydock/sandbox_errors.h"
#include "drydock/thread_pool_executor.h"
#include "tests/sandbox_fixture.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using SandboxLeaseTest = SandboxFixture;

TEST_F(SandboxLeaseTest, names_the_holder_when_a_thread_waits_too_long) {
  Sandbox sandbox(test_database(),
                  {.lease_timeout = absl::Milliseconds(20), .strategy = Strategy::kTransaction});
  ThreadPoolExecutor pool({.threads = 1});
  const SourceLocation held = SourceLocation::current();
  SourceLocation submitted;
  SourceLocation waited;
  std::string error;
  sandbox.database().transact(
      [&](Transaction&) {
        submitted = SourceLocation::current();
        pool.submit(
            {.name = "mail"},
            [&] {
              waited = SourceLocation::current();
              try {
                sandbox.database().transact([](Transaction&) {}, waited);
              } catch (const LeaseTimeoutError& e) {
                error = e.what();
              }
            },
            submitted);
        EXPECT_EQ(pool.wait_idle(absl::Seconds(10)), absl::OkStatus());
      },
      held);
  EXPECT_EQ(without_times(error),
            "drydock: the transact at " + waited.to_string() +
                " waited T for the sandbox's connection, which one thread can use at a time.\n"
                "  Held by code outside any job, in the transact at " +
                held.to_string() +
                ", for T\n"
                "  Waiting: job 'mail' (#1, submitted at " +
                submitted.to_string() + "), in the transact at " + waited.to_string() +
                ", for T (this one).\n"
                "  A transaction that waits for another thread's transaction, for instance by "
                "joining it inside the body of a transact, waits for ever: move the wait out of "
                "the body. A long one may be given more time with SandboxOptions::lease_timeout.");
}

}  // namespace
}  // namespace drydock
