// Jobs on real threads that are still under way when their sandbox ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "drydock/sandbox.h"
#include "drydock/sandbox_errors.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/plain_executor.h"
#include "tests/sandbox_fixture.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::SizeIs;

const SourceLocation kSite = SourceLocation::current();

class SandboxLateJobTest : public EveryStrategy {};
DRYDOCK_UNDER_EVERY_STRATEGY(SandboxLateJobTest);

TEST_P(SandboxLateJobTest, waits_for_jobs_on_real_threads_before_it_rolls_back) {
  std::promise<void> let_go;
  int seen = -1;
  ThreadPoolExecutor pool({.threads = 1});
  Sandbox sandbox(test_database(), with());
  add_user(sandbox.database(), "ada@example.org");
  pool.submit([&, released = let_go.get_future()]() mutable {
    released.wait();
    seen = count_users(sandbox.database());
  });
  std::thread releaser([&] { let_go.set_value(); });
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
  EXPECT_EQ(seen, 1);
  releaser.join();
}

TEST_P(SandboxLateJobTest, refuses_a_job_that_comes_after_its_end) {
  std::promise<void> let_go;
  std::promise<std::string> error;
  ThreadPoolExecutor pool({.threads = 1});
  SandboxReport report;
  {
    Sandbox sandbox(test_database(),
                    with({.name = "LateTest.late", .idle_timeout = absl::Milliseconds(1)}));
    Database& database = sandbox.database();
    std::latch runs(1);
    pool.submit(
        {.name = "mail"},
        [&database, &error, &runs, released = let_go.get_future()]() mutable {
          runs.count_down();
          released.wait();
          try {
            database.transact([](Transaction&) {}, kSite);
            error.set_value("");
          } catch (const SandboxClosedError& e) {
            error.set_value(e.what());
          }
        },
        kSite);
    runs.wait();
    report = sandbox.finish();
  }
  let_go.set_value();
  ASSERT_THAT(report.breaches, SizeIs(1));
  EXPECT_EQ(
      without_times(report.breaches[0]),
      "jobs of this test were still queued or running on real threads 1ms after its end: 1 job "
      "runs and 0 wait:"
      "\n  running for T on thread 'thread_pool-1' of executor 'thread_pool': 'mail' (#1, "
      "submitted at " +
          kSite.to_string() +
          ")\n  Call drydock::wait_idle() on these executors before the test ends, or give "
          "the code under test a DeferredExecutor.");
  EXPECT_EQ(error.get_future().get(),
            "drydock: job 'mail' (#1, submitted at " + kSite.to_string() + ") called transact at " +
                kSite.to_string() +
                " after the sandbox of the test 'LateTest.late' had ended. Its rows are gone, so "
                "that the work finds nothing and changes nothing.\n  The test has to wait for its "
                "background work: call wait_idle() on the thread pool before the test ends, or "
                "give the code under test a DeferredExecutor and drain() it.");
}

TEST_P(SandboxLateJobTest, lists_a_job_of_a_strand_once_whatever_the_base_lists) {
  PlainExecutor pool({.threads = 1, .name = "plain"});
  SerialExecutor strand(pool, "smtp");
  SandboxReport report;
  std::latch release(1);
  {
    Sandbox sandbox(test_database(), with({.idle_timeout = absl::Milliseconds(1)}));
    std::latch runs(1);
    strand.submit(
        {.name = "mail"},
        [&runs, &release] {
          runs.count_down();
          release.wait();
        },
        kSite);
    runs.wait();
    report = sandbox.finish();
  }
  release.count_down();
  pool.shutdown();
  ASSERT_THAT(report.breaches, SizeIs(1));
  EXPECT_EQ(
      without_times(report.breaches[0]),
      "jobs of this test were still queued or running on real threads 1ms after its end: 1 job "
      "runs and 0 wait:"
      "\n  running for T on thread 'plain-1' of strand 'smtp': 'mail' (#1, submitted at " +
          kSite.to_string() +
          ")\n  Call drydock::wait_idle() on these executors before the test ends, or give "
          "the code under test a DeferredExecutor.");
}

}  // namespace
}  // namespace drydock
