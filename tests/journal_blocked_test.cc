// A wait for an event that would never come is refused when it begins, also where a thread in
// between waits for the one that waits for the event.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/finding.h"
#include "drydock/journal.h"
#include "drydock/simulation.h"
#include "drydock/thread_pool_executor.h"
#include "tests/waiting_threads.h"

namespace drydock {
namespace {

constexpr absl::Duration kLong = absl::Hours(1);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

class JournalBlockedTest : public ::testing::Test {
 protected:
  JournalBlockedTest() {
    mail_.submit(
        {.name = "send"}, [] {}, kSite);
  }

  Simulation simulation_;
  DeferredExecutor mail_{simulation_, "mail"};
  ThreadPoolExecutor pool_{{.threads = 1, .name = "pool"}};
  absl::Status status_;
};

TEST_F(JournalBlockedTest, AJobIsRefusedAtOnceWhereTheDriverWaitsForIt) {
  pool_.submit(
      {.name = "after"},
      [&] {
        until_threads_wait(1);
        status_ = simulation_.journal().wait_for(finished("send"), kLong);
      },
      kSite);
  EXPECT_EQ(pool_.wait_idle(kLong), absl::OkStatus()) << "the job has ended";
  EXPECT_EQ(status_.code(), absl::StatusCode::kFailedPrecondition);
  const std::string text =
      "job 'after' (#1, submitted at " + kAt + ") waited until job 'send' (#1, submitted at " +
      kAt +
      ") has finished, which it never would, since the thread that runs that job waits for this "
      "one:"
      "\n  job 'after' (#1, submitted at " +
      kAt +
      ") waits for the event finished 'send'"
      "\n  code outside any job waits until executor 'pool' is idle"
      "\n  In a job submit what comes after as a job of its own instead of waiting; in a test "
      "drain() before you wait for other threads. Or allow it: "
      "sandbox.allow(drydock::Finding::kBlockedSubmit).";
  EXPECT_EQ(std::string(status_.message()), text);
  const std::vector<Finding> findings = simulation_.findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Finding::kBlockedSubmit);
  EXPECT_EQ(findings[0].message, text);
  EXPECT_EQ(findings[0].where, kSite);
  simulation_.drain();
}

TEST_F(JournalBlockedTest, TheDriverIsRefusedAtOnceWhereTheJobWaitsForTheEvent) {
  pool_.submit(
      {.name = "after"}, [&] { status_ = simulation_.journal().wait_for(finished("send"), kLong); },
      kSite);
  until_threads_wait(1);
  const absl::Status refused = pool_.wait_idle(kLong);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::string(refused.message()),
            "drydock: wait_idle() on executor 'pool' was called from code outside any job and "
            "would wait for ever, since what it waits for waits for it:"
            "\n  code outside any job waits until executor 'pool' is idle"
            "\n  job 'after' (#1, submitted at " +
                kAt +
                ") waits for the event finished 'send'"
                "\n  In a transaction, wait after transact() has returned. In a job, submit what "
                "comes after the others as a job of its own, by the last of them.");
  simulation_.drain();
  EXPECT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(status_, absl::OkStatus()) << "the event came";
}

TEST_F(JournalBlockedTest, AJobMayWaitForWhatTheDriverIsAboutToRun) {
  pool_.submit([&] { status_ = simulation_.journal().wait_for(finished("send"), kLong); });
  until_threads_wait(1);
  simulation_.drain();
  EXPECT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(status_, absl::OkStatus());
}

// Nobody can say who will submit it.
TEST_F(JournalBlockedTest, AJobMayWaitForAnEventOfAJobThatIsNotThereYet) {
  ThreadPoolExecutor other({.threads = 1});
  pool_.submit([&] { status_ = simulation_.journal().wait_for(submitted("later"), kLong); });
  until_threads_wait(1);
  other.submit([&] {
    until_threads_wait(2);
    mail_.submit({.name = "later"}, [] {});
  });
  EXPECT_EQ(pool_.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(status_, absl::OkStatus());
  simulation_.drain();
}

}  // namespace
}  // namespace drydock
