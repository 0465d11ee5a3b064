// Threads that take turns in one sandbox.

#include <gtest/gtest.h>

#include <future>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/sandbox.h"
#include "drydock/sandbox_errors.h"
#include "drydock/thread_pool_executor.h"
#include "src/lease.h"
#include "tests/sandbox_fixture.h"
#include "tests/waiting_threads.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using SandboxLeaseTest = SandboxFixture;

const SourceLocation kSite = SourceLocation::current();
const std::string kJob = "job 'mail' (#1, submitted at " + kSite.to_string() + ")";

// The places of transacts stand in the code below; a test that compares a whole message takes them
// from the message that names them first.
std::string without_places(std::string text) {
  const std::regex place("in the transact at [a-z_./]+:[0-9]+");
  return std::regex_replace(text, place, "in the transact at P");
}

TEST_F(SandboxLeaseTest, names_the_holder_when_a_thread_waits_too_long) {
  Sandbox sandbox(test_database(),
                  {.lease_timeout = absl::Milliseconds(20), .strategy = Strategy::kTransaction});
  ThreadPoolExecutor pool({.threads = 1});
  const SourceLocation held = SourceLocation::current();
  std::promise<std::string> error;
  sandbox.database().transact(
      [&](Transaction&) {
        pool.submit(
            {.name = "mail"},
            [&] {
              try {
                sandbox.database().transact([](Transaction&) {}, kSite);
              } catch (const LeaseTimeoutError& e) {
                error.set_value(e.what());
              }
            },
            kSite);
        // A wait that drydock knows nothing of.
        EXPECT_EQ(
            without_times(error.get_future().get()),
            "drydock: the transact at " + kSite.to_string() +
                " waited T for the sandbox's connection, which one thread can use at a time.\n"
                "  Held by code outside any job, in the transact at " +
                held.to_string() +
                ", for T\n"
                "  Waiting: " +
                kJob + ", in the transact at " + kSite.to_string() +
                ", for T (this one).\n"
                "  A transaction that waits for another thread's transaction, for instance by "
                "joining it inside the body of a transact, waits for ever: move the wait out of "
                "the body. A long one may be given more time with SandboxOptions::lease_timeout.");
      },
      held);
}

// Only one of the waiters has a deadline that comes: it is the one that tells.
TEST_F(SandboxLeaseTest, names_all_who_wait_in_the_order_in_which_they_came) {
  internal::LeaseDesk desk;
  DeferredExecutor held_by;
  const SourceLocation held = SourceLocation::current();
  const SourceLocation last = SourceLocation::current();
  ThreadPoolExecutor pool({.threads = 2});
  std::string error;
  held_by.submit(
      {.name = "report"},
      [&] {
        const internal::Lease lease(desk, held, absl::InfiniteDuration());
        for (const char* name : {"mail", "bill"}) {
          const int before = desk.line_length();
          pool.submit(
              {.name = name},
              [&] { const internal::Lease late(desk, kSite, absl::InfiniteDuration()); }, kSite);
          while (desk.line_length() == before) std::this_thread::yield();
        }
        std::thread([&] {
          error = text_of<LeaseTimeoutError>(
              [&] { const internal::Lease late(desk, last, absl::Milliseconds(1)); });
        }).join();
      },
      kSite);
  held_by.drain();
  EXPECT_EQ(pool.wait_idle(absl::InfiniteDuration()), absl::OkStatus());
  const std::string site = ", submitted at " + kSite.to_string() + "), in the transact at ";
  EXPECT_EQ(without_times(error),
            "drydock: the transact at " + last.to_string() +
                " waited T for the sandbox's connection, which one thread can use at a time.\n"
                "  Held by job 'report' (#1" +
                site + held.to_string() +
                ", for T\n"
                "  Waiting: job 'mail' (#1" +
                site + kSite.to_string() +
                ", for T\n"
                "  Waiting: job 'bill' (#2" +
                site + kSite.to_string() +
                ", for T\n"
                "  Waiting: code outside any job, in the transact at " +
                last.to_string() +
                ", for T (this one).\n"
                "  A transaction that waits for another thread's transaction, for instance by "
                "joining it inside the body of a transact, waits for ever: move the wait out of "
                "the body. A long one may be given more time with SandboxOptions::lease_timeout.");
}

TEST_F(SandboxLeaseTest, a_job_is_refused_at_once_where_the_holder_waits_for_it) {
  Sandbox sandbox(test_database(),
                  {.lease_timeout = absl::InfiniteDuration(), .strategy = Strategy::kTransaction});
  sandbox.allow(Finding::kSubmittedInTransaction);
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  std::string error;
  sandbox.database().transact([&](Transaction&) {
    pool.submit(
        {.name = "mail"},
        [&] {
          until_threads_wait(1);
          try {
            sandbox.database().transact([](Transaction&) {}, kSite);
          } catch (const SandboxBlockedError& e) {
            error = e.what();
          }
        },
        kSite);
    EXPECT_EQ(pool.wait_idle(absl::InfiniteDuration()), absl::OkStatus());
  });
  const std::string expected =
      "the transact at " + kSite.to_string() +
      " would wait for ever for the sandbox's connection, which one thread can use at a time: the "
      "transaction that holds it waits for this one."
      "\n  " +
      kJob + " waits for the sandbox's connection in the transact at P, held by code outside any " +
      "job in the transact at P"
      "\n  code outside any job waits until executor 'pool' is idle"
      "\n  Wait for the other threads after transact() has returned, not inside its body. In "
      "production, with a connection for each, it would work only for as long as the pool has one "
      "left; a test of that needs SandboxOptions{.strategy = drydock::Strategy::kClone}.";
  EXPECT_EQ(without_places(error), "drydock: " + expected);
  const std::vector<Finding> findings = sandbox.simulation().findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Finding::kBlockedSubmit);
  EXPECT_EQ(without_places(findings[0].message),
            expected +
                "\n  Where that is meant, allow it: "
                "sandbox.allow(drydock::Finding::kBlockedSubmit).");
}

TEST_F(SandboxLeaseTest, the_holder_is_refused_at_once_where_the_job_waits_for_the_connection) {
  Sandbox sandbox(test_database(),
                  {.lease_timeout = absl::InfiniteDuration(), .strategy = Strategy::kTransaction});
  sandbox.allow(Finding::kSubmittedInTransaction);
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  int counted = -1;
  absl::Status status;
  sandbox.database().transact([&](Transaction&) {
    pool.submit(
        {.name = "mail"}, [&] { counted = count_users(sandbox.database()); }, kSite);
    until_threads_wait(1);
    status = pool.wait_idle(absl::InfiniteDuration());
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      without_places(std::string(status.message())),
      "drydock: wait_idle() on executor 'pool' was called from code outside any job and would "
      "wait for ever, since what it waits for waits for it:"
      "\n  code outside any job waits until executor 'pool' is idle"
      "\n  " +
          kJob +
          " waits for the sandbox's connection in the transact at P, held by code outside any "
          "job in the transact at P"
          "\n  In a transaction, wait after transact() has returned. In a job, submit what "
          "comes after the others as a job of its own, by the last of them.");
  EXPECT_EQ(pool.wait_idle(absl::InfiniteDuration()), absl::OkStatus());
  EXPECT_EQ(counted, 0) << "the job got the connection after all";
  ASSERT_EQ(sandbox.simulation().findings().size(), 1U);
}

TEST_F(SandboxLeaseTest, a_job_that_waits_for_the_connection_is_listed_with_its_holder) {
  Sandbox sandbox(test_database(),
                  {.lease_timeout = absl::InfiniteDuration(), .strategy = Strategy::kTransaction});
  sandbox.allow(Finding::kSubmittedInTransaction);
  ThreadPoolExecutor pool({.threads = 1, .name = "pool"});
  sandbox.database().transact([&](Transaction&) {
    pool.submit(
        {.name = "mail"}, [&] { count_users(sandbox.database()); }, kSite);
    until_threads_wait(1);
    // Another thread may wait: the holder does not wait for it.
    std::thread([&] {
      const absl::Status status = pool.wait_idle(absl::Milliseconds(1));
      EXPECT_EQ(without_places(without_times(std::string(status.message()))),
                "drydock: executor 'pool' is not idle after T: 1 job runs and 0 wait:"
                "\n  running for T on thread 'pool-1': 'mail' (#1, submitted at " +
                    kSite.to_string() +
                    ")"
                    "\n    waits for the sandbox's connection in the transact at P, held by code "
                    "outside any job in the transact at P");
    }).join();
  });
  EXPECT_EQ(pool.wait_idle(absl::InfiniteDuration()), absl::OkStatus());
}

}  // namespace
}  // namespace drydock
