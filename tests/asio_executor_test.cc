// What is particular to jobs on asio: loops and pools that somebody else runs, stops and destroys.
// What all adapters do is in executor_conformance_test.cc and function_executor_test.cc.
#include "drydock/asio_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>
#include <asio/thread_pool.hpp>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "tests/job_gate.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);
const SourceLocation kSite = SourceLocation::current();
const std::string kAt = kSite.to_string();

class AsioExecutorTest : public ::testing::Test {
 protected:
  AdapterOptions options() {
    return {.name = "network",
            .on_failure = [this](const JobFailure& failure) { log_.add(failure.to_string()); }};
  }
  Job job(std::string text) {
    return [this, text = std::move(text)] { log_.add(text); };
  }
  // As a failure of the job 'send', the first one, says it.
  static std::string dropped(const std::string& why) {
    return "drydock: executor 'network' dropped job 'send' (#1, submitted at " + kAt + "): " + why;
  }

  Log log_;
  std::optional<asio::io_context> io_{std::in_place};
};

TEST_F(AsioExecutorTest, TheNameHasADefault) {
  EXPECT_EQ(AsioExecutor(io_->get_executor()).name(), "asio");
  EXPECT_EQ(AsioExecutor(io_->get_executor(), options()).name(), "network");
}

// --- loops ----------------------------------------------------------------------------------

TEST_F(AsioExecutorTest, JobsAndHandlersTakeTurnsOnTheThreadThatRunsTheLoop) {
  AsioExecutor executor(io_->get_executor(), options());
  std::thread::id thread;
  executor.submit(job("job 1"));
  asio::post(*io_, job("handler"));
  executor.submit([&] {
    executor.submit(job("job 3"));
    log_.add("job 2");
    thread = std::this_thread::get_id();
  });
  EXPECT_THAT(log_.entries(), IsEmpty());
  EXPECT_EQ(io_->run(), 4U);  // each job is one handler
  EXPECT_THAT(log_.entries(), ElementsAre("job 1", "handler", "job 2", "job 3"));
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST_F(AsioExecutorTest, AnExceptionOfAJobDoesNotLeaveRun) {
  AsioExecutor executor(io_->get_executor(), options());
  executor.submit(
      {.name = "send"}, [] { throw std::runtime_error("no such host"); }, kSite);
  executor.submit(job("the next"));
  EXPECT_NO_THROW(io_->run());
  EXPECT_THAT(log_.entries(),
              ElementsAre("drydock: executor 'network': job 'send' (#1, submitted at " + kAt +
                              ") failed: std::runtime_error: no such host",
                          "the next"));
}

TEST_F(AsioExecutorTest, AnExceptionOfAHandlerDoesAndTheJobsBehindItAreRunByTheNextRun) {
  AsioExecutor executor(io_->get_executor(), options());
  asio::post(*io_, [] { throw std::runtime_error("of a handler"); });
  executor.submit(job("behind"));
  EXPECT_THROW(io_->run(), std::runtime_error);
  EXPECT_THAT(log_.entries(), IsEmpty());
  io_->run();
  EXPECT_THAT(log_.entries(), ElementsAre("behind"));
}

TEST_F(AsioExecutorTest, ADelayedJobKeepsRunFromReturning) {
  AsioExecutor executor(io_->get_executor(), options());
  executor.submit({.delay = absl::Milliseconds(1)}, job("delayed"));
  io_->run();
  EXPECT_THAT(log_.entries(), ElementsAre("delayed"));
}

TEST_F(AsioExecutorTest, OneThatIsCancelledDoesNot) {
  AsioExecutor executor(io_->get_executor(), options());
  const JobId id = executor.submit({.delay = absl::Hours(1)}, job("delayed"));
  EXPECT_TRUE(executor.cancel(id));
  io_->run();
  EXPECT_THAT(log_.entries(), IsEmpty());
}

TEST_F(AsioExecutorTest, NorDoesOneThatAShutdownDrops) {
  AsioExecutor executor(io_->get_executor(), options());
  executor.submit({.name = "send", .delay = absl::Hours(1)}, job("delayed"), kSite);
  executor.shutdown();
  io_->run();
  EXPECT_THAT(log_.entries(),
              ElementsAre(dropped("its delay had not passed when the executor was shut down")));
}

TEST_F(AsioExecutorTest, WhileTheLoopIsStoppedJobsWaitAndAreNamed) {
  AsioExecutor executor(io_->get_executor(), options());
  io_->stop();
  executor.submit({.name = "send"}, job("sent"), kSite);
  io_->run();
  EXPECT_THAT(log_.entries(), IsEmpty());
  const absl::Status status = executor.wait_idle(absl::Milliseconds(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(without_times(std::string(status.message())),
            "drydock: executor 'network' is not idle after T: 0 jobs run and 1 waits:"
            "\n  queued for T: 'send' (#1, submitted at " +
                kAt + ")");
  io_->restart();
  io_->run();
  EXPECT_THAT(log_.entries(), ElementsAre("sent"));
  EXPECT_EQ(executor.wait_idle(absl::ZeroDuration()), absl::OkStatus());
}

TEST_F(AsioExecutorTest, SeveralThreadsMayRunTheLoop) {
  AsioExecutor executor(io_->get_executor(), options());
  Log names;
  for (int i = 0; i < 100; ++i) {
    executor.submit({.name = "job"}, [&names] { names.add(current_job()->name()); });
  }
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([this] { io_->run(); });
  EXPECT_EQ(executor.wait_idle(kLong), absl::OkStatus());
  EXPECT_EQ(names.entries(), std::vector<std::string>(100, "job"));
}

// --- strands, pools and the system's executor -----------------------------------------------

TEST_F(AsioExecutorTest, OnAStrandNoJobRunsBesideAHandlerOfIt) {
  asio::thread_pool pool(4);
  auto strand = asio::make_strand(pool);
  AsioExecutor executor(strand, options());
  std::vector<int> order;  // no lock: that is the strand
  for (int i = 0; i < 500; i += 2) {
    executor.submit([&order, i] { order.push_back(i); });
    asio::post(strand, [&order, i] { order.push_back(i + 1); });
  }
  pool.join();
  std::vector<int> expected;
  for (int i = 0; i < 500; ++i) expected.push_back(i);
  EXPECT_EQ(order, expected);
}

TEST_F(AsioExecutorTest, AJoinOfThePoolRunsAllJobs) {
  asio::thread_pool pool(2);
  AsioExecutor executor(pool.get_executor(), options());
  executor.submit([&] { executor.submit(job("inner")); });
  executor.submit({.delay = absl::Milliseconds(1)}, job("delayed"));
  pool.join();
  EXPECT_THAT(log_.entries(), ::testing::UnorderedElementsAre("inner", "delayed"));
  EXPECT_EQ(executor.wait_idle(absl::ZeroDuration()), absl::OkStatus());
}

TEST_F(AsioExecutorTest, APoolThatIsStoppedLeavesJobsWhichAShutdownNames) {
  asio::thread_pool pool(1);
  AsioExecutor executor(pool.get_executor(), options());
  Gate gate(executor, "gate");
  executor.submit({.name = "send"}, job("sent"), kSite);
  pool.stop();
  gate.open();
  pool.join();
  const absl::Status status = executor.shutdown(absl::Milliseconds(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(without_times(std::string(status.message())),
            "drydock: executor 'network' has not ended T after shutdown(): 0 jobs run and 1 waits:"
            "\n  queued for T: 'send' (#2, submitted at " +
                kAt + ")");
  EXPECT_THAT(log_.entries(), IsEmpty());
}

TEST_F(AsioExecutorTest, OnTheSystemsExecutorJobsRunOnThreadsOfAsios) {
  AsioExecutor executor(asio::system_executor(), options());
  std::thread::id thread;
  executor.submit([&] { thread = std::this_thread::get_id(); });
  executor.submit({.delay = absl::Milliseconds(1)}, job("delayed"));
  EXPECT_EQ(executor.wait_idle(kLong), absl::OkStatus());
  EXPECT_NE(thread, std::thread::id());
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_THAT(log_.entries(), ElementsAre("delayed"));
}

// --- the end --------------------------------------------------------------------------------

TEST_F(AsioExecutorTest, WhereTheExecutorGoesFirstItsJobsAreDroppedAndTheLoopGoesOn) {
  {
    AsioExecutor executor(io_->get_executor(), options());
    executor.submit(
        {.name = "send"}, [owned = witness(log_, "closure destroyed")] {}, kSite);
  }
  asio::post(*io_, job("handler"));
  io_->run();
  EXPECT_THAT(log_.entries(),
              ElementsAre(dropped("the executor was destroyed before it ran. Call shutdown() "
                                  "first, which runs what is queued"),
                          "closure destroyed", "handler"));
}

TEST_F(AsioExecutorTest, WhereTheLoopGoesFirstItsJobsAreDropped) {
  AsioExecutor executor(io_->get_executor(), options());
  executor.submit(
      {.name = "send"}, [owned = witness(log_, "closure destroyed")] {}, kSite);
  io_.reset();
  EXPECT_THAT(log_.entries(), ElementsAre(dropped("what the executor stands on destroyed it unrun"),
                                          "closure destroyed"));
  EXPECT_EQ(executor.wait_idle(absl::ZeroDuration()), absl::OkStatus());
}

TEST_F(AsioExecutorTest, SoAreThoseThatWaitForATimerOfIt) {
  AsioExecutor executor(io_->get_executor(), options());
  executor.submit(
      {.name = "send", .delay = absl::Hours(1)}, [owned = witness(log_, "closure destroyed")] {},
      kSite);
  io_.reset();
  EXPECT_THAT(log_.entries(), ElementsAre(dropped("what the executor stands on destroyed it unrun"),
                                          "closure destroyed"));
}

TEST_F(AsioExecutorTest, AJobMayOwnTheLastThatTheLoopHasToDo) {
  AsioExecutor executor(io_->get_executor(), options());
  executor.submit([this, owned = witness(log_, "closure destroyed")] { io_->stop(); });
  executor.submit(job("left"));
  io_->run();
  EXPECT_THAT(log_.entries(), ElementsAre("closure destroyed"));
}

}  // namespace
}  // namespace drydock
