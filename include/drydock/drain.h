// What a drain may be asked for, and what it reports.
//
//   DrainReport report = executor.drain({.only = {"send_confirmation"}});
//   EXPECT_EQ(report.runs.size(), 1);
//   EXPECT_TRUE(report.status().ok()) << report;
#ifndef DRYDOCK_DRAIN_H_
#define DRYDOCK_DRAIN_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock {

// The order in which a drain takes the jobs that are due.
class DrainOrder {
 public:
  enum Kind { kFifo, kLifo, kShuffle };

  // Oldest due time first, ties in submit order.
  static constexpr DrainOrder fifo() { return DrainOrder(kFifo, 0); }
  // The newest first.
  static constexpr DrainOrder lifo() { return DrainOrder(kLifo, 0); }
  // Any; the same seed gives the same order.
  static constexpr DrainOrder shuffle(std::uint64_t seed) { return DrainOrder(kShuffle, seed); }

  constexpr Kind kind() const { return kind_; }
  constexpr std::uint64_t seed() const { return seed_; }

 private:
  constexpr DrainOrder(Kind kind, std::uint64_t seed) : kind_(kind), seed_(seed) {}
  Kind kind_;
  std::uint64_t seed_;
};

// A drain throws `MisuseError` where `deliveries` is below 1 or `max_generation` below 0.
struct DrainOptions {
  // The names of the jobs to run; empty: all.
  std::vector<std::string> only = {};
  // How many of the jobs that this drain's own jobs submit may run. What was queued before it
  // always runs, and a recurring job counts the first time that it comes. In
  // `advance_until_idle()` recurring jobs may come again as often, too.
  std::size_t max_spawned = 100'000;
  // How many jobs may stand above a job in its chain of submitters.
  int max_generation = 1'000;
  // Whether jobs that this drain's jobs submit run in it too, or stay pending.
  bool run_spawned = true;
  // How often each job runs: 2 shows whether it can bear to be delivered twice. Where the second
  // run fails, or changes what the first has left in a sandbox's tables, that is
  // `Finding::kNotIdempotent`, which names the rows; a write that leaves them as they were is no
  // change. (It reads all tables that have rows, twice for each job.) A job that fails the first
  // time is not run again, nor is one that was made into a `Job` before it was submitted. A
  // recurring job is run once each time it comes, whatever this says.
  int deliveries = 1;
  // Jobs of one strand keep their order whatever this says. Unset: that of the simulation's
  // options, which may come from the command line or the environment.
  std::optional<DrainOrder> order = {};

  // What a drain is asked for where nothing is passed. Not made anew with each call: most tests
  // drain one job at a time, and it would be a twentieth of that.
  static const DrainOptions kDefaults;
};

// One run of a job.
struct JobRun {
  enum Outcome { kSucceeded, kFailed };

  JobId id;
  // The job that submitted it; 0 where none did.
  JobId parent = {};
  std::string name;
  SourceLocation where;
  // When it was due, on the simulated clock.
  absl::Time due = {};
  Outcome outcome = kSucceeded;
  // How many jobs stand above it.
  int generation = 0;
  // How often it was run.
  int deliveries = 1;
  // The name of the executor it was submitted to.
  std::string executor = {};
  // The exception's type and message; empty where the job succeeded.
  std::string error = {};
  std::exception_ptr exception = {};
  // Where it failed: the jobs that stand above it, nearest first.
  std::vector<JobAncestor> ancestors = {};
};

// A job that has not run.
struct PendingJob {
  enum Reason {
    // It is due, and nothing has drained it.
    kQueued,
    // Its time has not come.
    kNotDue,
    // The drain's `only` or `run_spawned`, or a drain of another executor, left it.
    kFiltered,
    // Its submitter's transaction is still open: it is an inline executor's, or was given to
    // `Transaction::submit`. The latter stands in the report of a drain only, while another thread
    // has the transaction open, and gets its id at the commit: `id` is 0.
    kAwaitingCommit,
    // A limit of the drain was reached before it.
    kOverLimit,
  };

  JobId id;
  JobId parent = {};
  std::string name;
  SourceLocation where;
  std::string executor = {};
  absl::Time due = {};
  Reason reason = kQueued;
  std::vector<JobAncestor> ancestors = {};
};

namespace internal {
class Engine;
}  // namespace internal

struct DrainReport {
  DrainReport() = default;
  DrainReport(const DrainReport& other);
  DrainReport(DrainReport&& other) noexcept;
  DrainReport& operator=(DrainReport other) noexcept;
  ~DrainReport();

  // What a limit has to say, where one was reached.
  absl::Status limit = absl::OkStatus();
  // In the order in which they ran.
  std::vector<JobRun> runs;
  // What the simulation still holds.
  std::vector<PendingJob> pending;
  // Ok: every run succeeded and no limit was reached. What is pending does not matter here.
  // Otherwise `ResourceExhausted` for a limit, else `Aborted` with every failure.
  absl::Status status() const;

 private:
  friend class internal::Engine;
  // Whether the memory of `runs` goes to the thread's next drain. That of a run that failed holds
  // its exception, and ends with the report.
  bool leaves_runs_ = false;
};

// "not due", "filtered", …
const char* to_string(PendingJob::Reason reason);

std::ostream& operator<<(std::ostream& out, const JobRun& run);
std::ostream& operator<<(std::ostream& out, const PendingJob& job);
std::ostream& operator<<(std::ostream& out, const DrainReport& report);

}  // namespace drydock

#endif  // DRYDOCK_DRAIN_H_
