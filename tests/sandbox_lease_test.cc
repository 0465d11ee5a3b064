// Threads that take turns in one sandbox.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/time.h"
#include "drydock/sandbox.h"
#include "drydock/sandbox_errors.h"
#include "drydock/thread_pool_executor.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::HasSubstr;
using SandboxLeaseTest = SandboxFixture;

TEST_F(SandboxLeaseTest, names_the_holder_when_a_thread_waits_too_long) {
  Sandbox sandbox(test_database(),
                  {.lease_timeout = absl::Milliseconds(20), .strategy = Strategy::kTransaction});
  ThreadPoolExecutor pool({.threads = 1});
  std::string error;
  sandbox.database().transact([&](Transaction&) {
    pool.submit({.name = "mail"}, [&] {
      try {
        count_users(sandbox.database());
      } catch (const LeaseTimeoutError& e) {
        error = e.what();
      }
    });
    EXPECT_EQ(pool.wait_idle(absl::Seconds(10)), absl::OkStatus());
  });
  EXPECT_THAT(error, HasSubstr("waited 20ms for the sandbox's connection"));
  EXPECT_THAT(error, HasSubstr("Held by code outside any job, in the transact at "
                               "tests/sandbox_lease_test.cc:"));
  EXPECT_THAT(error,
              HasSubstr("Waiting: job 'mail' (#1, submitted at tests/sandbox_lease_test.cc:"));
  EXPECT_THAT(error, HasSubstr("(this one)"));
}

}  // namespace
}  // namespace drydock
