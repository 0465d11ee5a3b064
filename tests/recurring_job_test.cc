// Jobs that come again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/deferred_executor.h"
#include "drydock/executor.h"
#include "drydock/inline_executor.h"
#include "drydock/journal.h"
#include "drydock/simulated_executor.h"
#include "drydock/simulation.h"
#include "tests/job_log.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(RecurringJob, RunsOncePerPeriodUntilItIsCancelled) {
  DeferredExecutor executor;
  Simulation& simulation = executor.simulation();
  const absl::Time start = simulation.clock().now();
  std::vector<absl::Duration> ran_at;
  const JobId id = executor.submit_every({.name = "tick"}, absl::Seconds(10), [&] {
    ran_at.push_back(simulation.clock().now() - start);
  });
  EXPECT_THAT(simulation.drain().runs, IsEmpty());
  const DrainReport report = simulation.advance_by(absl::Seconds(35));
  EXPECT_THAT(ran_at, ElementsAre(absl::Seconds(10), absl::Seconds(20), absl::Seconds(30)));
  EXPECT_THAT(report.runs, SizeIs(3));
  EXPECT_EQ(report.runs[2].id, id);
  EXPECT_EQ(report.runs[2].name, "tick");
  EXPECT_EQ(executor.pending_count(), 1U);
  EXPECT_TRUE(executor.cancel(id));
  EXPECT_FALSE(executor.cancel(id));
  EXPECT_THAT(simulation.advance_by(absl::Hours(1)).runs, IsEmpty());
  EXPECT_EQ(executor.pending_count(), 0U);
}

// As an application's test that takes either of the two.
void start_clock_work(SimulatedExecutor& executor, int& sweeps) {
  executor.submit_every({.name = "sweep"}, absl::Minutes(5), [&sweeps] { ++sweeps; });
}

TEST(RecurringJob, ComesAgainOnEitherExecutor) {
  Simulation simulation;
  DeferredExecutor deferred(simulation);
  InlineExecutor immediate(simulation);
  int sweeps = 0;
  start_clock_work(deferred, sweeps);
  start_clock_work(immediate, sweeps);
  simulation.advance_by(absl::Minutes(10));
  EXPECT_EQ(sweeps, 4);
}

TEST(RecurringJob, StartsAfterItsDelay) {
  InlineExecutor executor;
  int runs = 0;
  executor.submit_every({.delay = absl::Seconds(1)}, absl::Hours(1), [&] { ++runs; });
  executor.simulation().advance_by(absl::Seconds(1));
  EXPECT_EQ(runs, 1);
  executor.simulation().advance_by(absl::Hours(2));
  EXPECT_EQ(runs, 3);
}

TEST(RecurringJob, MeetsNoLimitAndIsNoFindingAtTheEnd) {
  DeferredExecutor executor;
  int runs = 0;
  executor.submit_every({}, absl::Seconds(1), [&] { ++runs; });
  EXPECT_TRUE(executor.simulation().advance_by(absl::Seconds(5'000)).status().ok());
  EXPECT_EQ(runs, 5'000);
  EXPECT_TRUE(executor.simulation().check().ok());
}

// A job that another job submits meets limits; one that comes again does not for that.
TEST(RecurringJob, MeetsNoLimitWhereAJobHasSubmittedIt) {
  DeferredExecutor executor;
  int runs = 0;
  executor.submit([&] { executor.submit_every({}, absl::Seconds(1), [&] { ++runs; }); });
  const DrainReport report = executor.advance_by(absl::Seconds(10), {.max_spawned = 1});
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_EQ(runs, 10);
  EXPECT_EQ(executor.advance_by(absl::Seconds(5), {.max_spawned = 0}).status(), absl::OkStatus());
  EXPECT_EQ(runs, 15);
}

TEST(RecurringJob, IsSpawnedTheFirstTimeThatItComes) {
  DeferredExecutor executor;
  int runs = 0;
  executor.submit([&] { executor.submit_every({}, absl::Seconds(1), [&] { ++runs; }); });
  const DrainOptions options{.max_spawned = 0};
  EXPECT_EQ(executor.advance_by(absl::Seconds(10), options).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(runs, 0);
  executor.advance_by(absl::Seconds(10), {.run_spawned = false});
  EXPECT_EQ(runs, 11);
}

// An executor of an application's own, which knows nothing of recurring jobs.
class Forwarding : public Executor {
 public:
  explicit Forwarding(Executor& to) : Executor(ids_of(to)), to_(to) {}

 private:
  void do_submit(SubmittedJob job) override { forward(to_, std::move(job)); }

  Executor& to_;
};

TEST(RecurringJob, IsNoFindingAtTheEndWhereItsRunsAreForwarded) {
  DeferredExecutor executor;
  Forwarding forwarding(executor);
  forwarding.submit_every({.name = "tick"}, absl::Hours(1), [] {});
  EXPECT_EQ(executor.pending_count(), 1U);
  EXPECT_EQ(executor.simulation().check(), absl::OkStatus());
}

TEST(RecurringJob, MayCancelItselfAndLetsGoOfWhatItOwns) {
  DeferredExecutor executor;
  auto owned = std::make_shared<int>(0);
  JobId id;
  bool cancelled = false;
  id = executor.submit_every({}, absl::Seconds(1), [&, owned] { cancelled = executor.cancel(id); });
  EXPECT_THAT(executor.simulation().advance_by(absl::Seconds(10)).runs, SizeIs(1));
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(RecurringJob, IsCancelledInTheJournalTooWhereItCancelsItself) {
  DeferredExecutor executor;
  JobId id;
  id = executor.submit_every({.name = "tick"}, absl::Seconds(1), [&] {
    executor.cancel(id);
    executor.cancel(id);
  });
  executor.advance_to_next();
  std::vector<Event::Kind> kinds;
  for (const Event& event : executor.simulation().journal().events()) {
    if (event.job != id) continue;
    kinds.push_back(event.kind);
    EXPECT_EQ(event.name, "tick");
  }
  EXPECT_THAT(kinds,
              ElementsAre(Event::kSubmitted, Event::kStarted, Event::kCancelled, Event::kFinished));
}

TEST(RecurringJob, ComesAgainAfterAFailure) {
  DeferredExecutor executor;
  executor.submit_every({}, absl::Seconds(1), [] { throw std::runtime_error("no"); });
  executor.simulation().advance_by(absl::Seconds(3));
  EXPECT_THAT(executor.simulation().take_failures(), SizeIs(3));
}

TEST(RecurringJob, GoesBeforeWhatBecameDueAfterItWhereItIsLate) {
  DeferredExecutor executor;
  std::vector<std::string> log;
  executor.submit_every({.name = "tick"}, absl::Seconds(1), [&] { log.push_back("tick"); });
  executor.submit({.delay = absl::Milliseconds(2'500)}, [&] { log.push_back("once"); });
  executor.simulation().advance_by(absl::Seconds(3), {.only = {"nothing"}});
  executor.drain();
  EXPECT_THAT(log, ElementsAre("tick", "tick", "once", "tick"));
}

TEST(RecurringJob, IsDeliveredOnce) {
  DeferredExecutor executor;
  int runs = 0;
  executor.submit_every({}, absl::Seconds(1), [&] { ++runs; });
  executor.submit([] {});
  const DrainReport report = executor.simulation().advance_by(absl::Seconds(1), {.deliveries = 2});
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(report.runs,
              ElementsAre(Field(&JobRun::deliveries, 2), Field(&JobRun::deliveries, 1)));
}

TEST(RecurringJob, SeesTheContextOfItsSubmitEachTime) {
  static const ContextSlot<int> slot("slot");
  DeferredExecutor executor;
  int seen = 0;
  {
    const ScopedContext scope(slot, 7);
    executor.submit_every({}, absl::Seconds(1), [&] { seen += *slot.get(); });
  }
  executor.simulation().advance_by(absl::Seconds(3));
  EXPECT_EQ(seen, 21);
}

TEST(RecurringJob, NeedsSomethingToRun) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  try {
    executor.submit_every({}, absl::Seconds(1), nullptr, where);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()),
              "drydock: submit_every() at " + where.to_string() +
                  " was given an empty job. Pass a callable that takes no arguments.");
  }
}

TEST(RecurringJob, NeedsAPeriodAboveZero) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(
      misuse([&] {
        executor.submit_every(
            {}, absl::ZeroDuration(), [] {}, where);
      }),
      "drydock: submit_every() at " + where.to_string() +
          " with a period of 0 would run without a pause for ever. Pass a period above zero.");
}

}  // namespace
}  // namespace drydock
