// The end of executors that were made together: what is queued runs, nothing outlives what it
// stands on, and what does not end is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/executor_errors.h"
#include "drydock/executors.h"
#include "drydock/executors_builder.h"
#include "drydock/function_executor.h"
#include "drydock/misuse_error.h"
#include "drydock/simulated_kinds.h"
#include "drydock/simulation.h"
#include "drydock/thread_pool_executor.h"
#include "tests/config_fixture.h"
#include "tests/job_gate.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kLong = absl::Minutes(1);

// Has a queue that nobody can ask about.
class CallingThreadExecutor : public Executor {
 protected:
  void do_submit(SubmittedJob job) override { job.run(); }
};

class ExecutorsShutdownTest : public ConfigTest {
 protected:
  static constexpr char kThree[] =
      "executors:\n"
      "  default: {kind: thread_pool, threads: 1}\n"
      "  reports: {kind: thread_pool, threads: 1}\n"
      "  mail:    {kind: serial, on: default}\n";

  static Executors make(const ExecutorsBuilder& builder = {}) {
    absl::StatusOr<Executors> executors = builder.from_yaml(kThree);
    EXPECT_TRUE(executors.ok()) << executors.status();
    return *std::move(executors);
  }
};

TEST_F(ExecutorsShutdownTest, RunsWhatIsQueuedThenRefuses) {
  Executors executors = make();
  Log log;
  Gate gate(executors.get("default"));
  for (const char* name : {"mail", "default", "reports"}) {
    executors.get(name).submit([&log, name] { log.add(name); });
  }
  gate.open();
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_THAT(log.entries(), ::testing::UnorderedElementsAre("mail", "default", "reports"));
  for (const char* name : {"mail", "default", "reports"}) {
    EXPECT_THROW(executors.get(name).submit([] {}), ExecutorShutDownError);
  }
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
}

TEST_F(ExecutorsShutdownTest, JobsOfOneExecutorMaySubmitToAnyOther) {
  Executors executors = make();
  Log log;
  std::latch runs(1), open(1);
  executors.get("default").submit([&] {
    runs.count_down();
    open.wait();
    executors.get("reports").submit([&] {
      log.add("reports");
      executors.get("mail").submit([&] { log.add("mail"); });
    });
  });
  runs.wait();
  EXPECT_EQ(executors.shutdown(absl::Milliseconds(1)).code(), absl::StatusCode::kDeadlineExceeded);
  // Nobody else may any more.
  EXPECT_THROW(executors.get("reports").submit([] {}), ExecutorShutDownError);
  open.count_down();
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_THAT(log.entries(), ElementsAre("reports", "mail"));
}

TEST_F(ExecutorsShutdownTest, DropsWhatIsNotDue) {
  Executors executors = make();
  bool ran = false;
  executors.get("mail").submit({.delay = absl::Hours(1)}, [&] { ran = true; });
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_FALSE(ran);
}

TEST_F(ExecutorsShutdownTest, NamesWhatDidNotEndInTime) {
  Executors executors = make();
  const SourceLocation where = SourceLocation::current();
  Gate gate(executors.get("mail"), "slow", where);
  const absl::Status status = executors.shutdown(absl::Milliseconds(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(
      without_times(text_of(status)),
      "drydock: the executors have not ended: executor 'default', executor 'reports' and "
      "strand 'mail' on executor 'default' are not idle after T: 1 job runs and 0 wait:\n"
      "  running for T on thread 'default-1' of executor 'default': 'slow' (#1, submitted at " +
          where.to_string() + ")");
  gate.open();
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
}

TEST_F(ExecutorsShutdownTest, IsRefusedInAJobOfOneOfThem) {
  Executors executors = make();
  const SourceLocation where = SourceLocation::current();
  absl::Status status;
  executors.get("mail").submit(
      {.name = "last"}, [&] { status = executors.shutdown(kLong); }, where);
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      text_of(status),
      "drydock: the executors cannot be shut down here: wait_idle() on executor 'default' was "
      "called from job 'last' (#1, submitted at " +
          where.to_string() +
          "), which this executor runs: it would wait for itself. Call it from outside the "
          "executor's jobs; work that follows other work is submitted by the last job of "
          "that.");
}

TEST_F(ExecutorsShutdownTest, NamesThoseThatCannotSayWhenTheyAreIdle) {
  ExecutorsBuilder builder;
  builder.register_kind("mine",
                        [](const ExecutorSettings&) -> absl::StatusOr<std::unique_ptr<Executor>> {
                          return std::make_unique<CallingThreadExecutor>();
                        });
  builder.add("search", "mine");
  Executors executors = make(builder);
  const absl::Status status = executors.shutdown(kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(text_of(status),
            "drydock: the executors have ended, but for those that cannot say when they are idle: "
            "search. Their class has to override idle_target(); see drydock/wait_idle.h.");
  EXPECT_THROW(executors.get("mail").submit([] {}), ExecutorShutDownError);
}

TEST_F(ExecutorsShutdownTest, AdaptersTakePartAndStrandsOnThem) {
  ThreadPoolExecutor others({.threads = 1, .name = "others"});
  ExecutorsBuilder builder;
  builder.register_kind(
      "adapter",
      [&others](const ExecutorSettings& settings) -> absl::StatusOr<std::unique_ptr<Executor>> {
        return std::make_unique<FunctionExecutor>(
            [&others](Job job) { others.submit(std::move(job)); },
            AdapterOptions{.name = settings.name()});
      });
  builder.add("search", "adapter").add("index", "serial", {{"on", "search"}});
  Executors executors = make(builder);
  Log log;
  Gate gate(executors.get("default"));
  executors.get("mail").submit([&] {
    executors.get("index").submit([&] {
      log.add("index");
      executors.get("search").submit([&] {
        log.add("search");
        executors.get("reports").submit([&] { log.add("reports"); });
      });
    });
  });
  EXPECT_EQ(executors.shutdown(absl::Milliseconds(1)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THROW(executors.get("search").submit([] {}), ExecutorShutDownError);
  gate.open();
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_THAT(log.entries(), ElementsAre("index", "search", "reports"));
}

// --- without shutdown() ---------------------------------------------------------------------

TEST_F(ExecutorsShutdownTest, DestructionRunsWhatIsQueued) {
  int ran = 0;
  {
    const Executors executors = make();
    for (int i = 0; i < 10; ++i) executors.get("mail").submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 10);
}

TEST_F(ExecutorsShutdownTest, AStrandIsThereUntilTheJobsOfItsBaseHaveEnded) {
  std::optional<Executors> executors(make());
  bool ran = false;
  std::latch runs(1), end_begins(1);
  executors->get("default").submit([&, &mail = executors->get("mail")] {
    runs.count_down();
    end_begins.wait();
    mail.submit([&ran] { ran = true; });
  });
  runs.wait();
  // The destructor refuses jobs from outside before it waits for the one above.
  std::thread watcher([&, &reports = executors->get("reports")] {
    for (bool refused = false; !refused; std::this_thread::yield()) {
      try {
        reports.submit([] {});
      } catch (const QueueFullError&) {
      } catch (const ExecutorShutDownError&) {
        refused = true;
      }
    }
    end_begins.count_down();
  });
  executors.reset();
  watcher.join();
  EXPECT_TRUE(ran);
}

// --- in a simulation ------------------------------------------------------------------------

class SimulatedShutdownTest : public ExecutorsShutdownTest {
 protected:
  SimulatedShutdownTest() { register_simulated_kinds(builder_, simulation_); }

  Simulation simulation_;
  ExecutorsBuilder builder_;
};

TEST_F(SimulatedShutdownTest, RunsWhatIsQueuedOnThisThread) {
  builder_.use_kinds("*=deferred");
  Executors executors = make(builder_);
  Log log;
  executors.get("mail").submit([&] {
    log.add("mail");
    executors.get("default").submit([&] { log.add("default"); });
  });
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_THAT(log.entries(), ElementsAre("mail", "default"));
}

TEST_F(SimulatedShutdownTest, WaitsForThreadsThatSubmitToIt) {
  builder_.use_kinds("reports=deferred");
  Executors executors = make(builder_);
  Log log;
  Gate gate(executors.get("default"));
  executors.get("mail").submit([&] {
    executors.get("reports").submit([&] {
      log.add("reports");
      executors.get("mail").submit([&] { log.add("mail"); });
    });
  });
  gate.open();
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_THAT(log.entries(), ElementsAre("reports", "mail"));
  EXPECT_THAT(simulation_.findings(), ElementsAre());
}

TEST_F(SimulatedShutdownTest, AStrandInASimulationIsPartOfIt) {
  builder_.use_kinds("default=deferred,reports=inline");
  Executors executors = make(builder_);
  bool ran = false;
  executors.get("mail").submit([&] { ran = true; });
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_TRUE(ran);
}

TEST_F(SimulatedShutdownTest, LeavesWhatIsNotDue) {
  builder_.use_kinds("*=deferred");
  Executors executors = make(builder_);
  executors.get("mail").submit({.delay = absl::Hours(1)}, [] {});
  EXPECT_EQ(executors.shutdown(kLong), absl::OkStatus());
  EXPECT_EQ(simulation_.pending().size(), 1U);
}

TEST_F(SimulatedShutdownTest, IsRefusedInsideAJobOfTheSimulation) {
  builder_.use_kinds("*=deferred");
  Executors executors = make(builder_);
  std::string message;
  const SourceLocation where = SourceLocation::current();
  executors.get("mail").submit(
      {.name = "last"},
      [&] {
        try {
          executors.shutdown(kLong).IgnoreError();
        } catch (const MisuseError& error) {
          message = error.what();
        }
      },
      where);
  simulation_.drain();
  EXPECT_EQ(message,
            "drydock: Executors::shutdown() was called inside job 'last' (#1, submitted at " +
                where.to_string() +
                "). A job that drains would run other jobs in its own middle, which no "
                "executor in production does. Submit what has to run after it, and call "
                "Executors::shutdown() from the test body.");
}

}  // namespace
}  // namespace drydock
