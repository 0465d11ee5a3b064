// What a drain says of jobs that wait for a transaction which another thread has open.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/sandbox.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kNothing[] = "0 run, 0 pending";

std::string text_of(const DrainReport& report) {
  std::ostringstream text;
  text << report;
  return text.str();
}

// A thread that runs `body` in a transact and keeps that open until `end`; `throws`: rolls it back
// then.
class Holder {
 public:
  Holder(Sandbox& sandbox, std::function<void(Transaction&)> body, bool throws = false)
      : thread_([this, &sandbox, body = std::move(body), throws] {
          try {
            sandbox.database().transact([&](Transaction& tx) {
              body(tx);
              begun_.count_down();
              end_.wait();
              if (throws) throw std::runtime_error("no");
            });
          } catch (const std::runtime_error&) {
          }
        }) {
    begun_.wait();
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { end(); }

  void end() {
    if (!thread_.joinable()) return;
    end_.count_down();
    thread_.join();
  }

 private:
  std::latch begun_{1};
  std::latch end_{1};
  std::thread thread_;
};

class AwaitingCommitTest : public SandboxFixture, public ::testing::WithParamInterface<Strategy> {
 protected:
  Sandbox sandbox_{test_database(), {.strategy = GetParam()}};
  DeferredExecutor mail_{sandbox_.simulation(), "mail"};
};

TEST_P(AwaitingCommitTest, stands_in_the_report_of_a_drain_of_one_job) {
  Holder holder(sandbox_, [&](Transaction& tx) { tx.submit(mail_, {.name = "send"}, [] {}); });
  mail_.submit({.name = "other"}, [] {});
  const DrainReport report = mail_.drain();
  EXPECT_THAT(report.runs, SizeIs(1));
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].name, "send");
  EXPECT_EQ(report.pending[0].reason, PendingJob::kAwaitingCommit);
  holder.end();
  EXPECT_THAT(mail_.drain().runs, SizeIs(1));
}

TEST_P(AwaitingCommitTest, stands_in_the_report_until_the_commit) {
  const SourceLocation where = SourceLocation::current();
  Holder holder(sandbox_, [&](Transaction& tx) {
    tx.submit(
        mail_, {.name = "send"}, [] {}, where);
    tx.on_commit([] {});
  });
  EXPECT_EQ(text_of(mail_.drain()), "0 run, 1 pending\n  pending: job 'send' (submitted at " +
                                        where.to_string() +
                                        "): awaiting commit, on executor 'mail'");
  holder.end();
  const DrainReport report = mail_.drain();
  EXPECT_THAT(report.runs, SizeIs(1));
  EXPECT_THAT(report.pending, IsEmpty());
  EXPECT_EQ(sandbox_.finish().status(), absl::OkStatus());
}

TEST_P(AwaitingCommitTest, goes_with_a_rollback) {
  Holder holder(
      sandbox_, [&](Transaction& tx) { tx.submit(mail_, {.name = "send"}, [] {}); },
      /*throws=*/true);
  EXPECT_THAT(mail_.drain().pending, SizeIs(1));
  holder.end();
  EXPECT_EQ(text_of(mail_.drain()), kNothing);
}

TEST_P(AwaitingCommitTest, goes_with_the_rollback_of_a_nested_transaction) {
  Holder holder(sandbox_, [&](Transaction& tx) {
    tx.submit(mail_, {.name = "outer"}, [] {});
    try {
      sandbox_.database().transact([&](Transaction& nested) {
        nested.submit(mail_, {.name = "inner"}, [] {});
        throw 1;
      });
    } catch (int) {
    }
  });
  const DrainReport report = mail_.drain();
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].name, "outer");
  holder.end();
  EXPECT_THAT(mail_.drain().runs, SizeIs(1));
}

TEST_P(AwaitingCommitTest, says_when_it_would_be_due_and_on_which_executor) {
  SerialExecutor strand(mail_, "letters");
  Holder holder(sandbox_, [&](Transaction& tx) {
    tx.submit(strand, {.name = "remind", .delay = absl::Hours(24)}, [] {});
  });
  const DrainReport report = sandbox_.simulation().drain();
  ASSERT_THAT(report.pending, SizeIs(1));
  EXPECT_EQ(report.pending[0].reason, PendingJob::kAwaitingCommit);
  EXPECT_EQ(report.pending[0].executor, "mail");
  EXPECT_EQ(report.pending[0].due, sandbox_.simulation().clock().now() + absl::Hours(24));
  EXPECT_EQ(report.pending[0].id, JobId());
  holder.end();
  EXPECT_THAT(sandbox_.simulation().advance_by(absl::Hours(24)).runs, SizeIs(1));
}

TEST_P(AwaitingCommitTest, is_said_of_an_inline_job_that_the_transaction_holds) {
  sandbox_.allow(Finding::kSubmittedInTransaction);
  InlineExecutor at_once(sandbox_.simulation(), "at once");
  const SourceLocation where = SourceLocation::current();
  Holder holder(sandbox_, [&](Transaction&) {
    at_once.submit(
        {.name = "index"}, [] {}, where);
  });
  const std::string text = "job 'index' (#1, submitted at " + where.to_string() +
                           "): awaiting commit, on executor 'at once'";
  EXPECT_EQ(text_of(mail_.drain()), "0 run, 1 pending\n  pending: " + text);
  EXPECT_EQ(text_of(sandbox_.simulation().drain()), "0 run, 1 pending\n  pending: " + text);
  holder.end();
  EXPECT_EQ(text_of(mail_.drain()), kNothing);
}

TEST_P(AwaitingCommitTest, is_not_said_of_jobs_for_executors_elsewhere) {
  ThreadPoolExecutor pool({.threads = 1});
  DeferredExecutor other;
  Holder holder(sandbox_, [&](Transaction& tx) {
    tx.submit(pool, [] {});
    tx.submit(other, [] {});
  });
  EXPECT_EQ(text_of(mail_.drain()), kNothing);
  EXPECT_EQ(text_of(other.drain()), kNothing);
  holder.end();
  EXPECT_THAT(other.drain().runs, SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Strategies, AwaitingCommitTest,
                         ::testing::Values(Strategy::kTransaction, Strategy::kClone),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace drydock
