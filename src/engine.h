// The one engine that inline and deferred executors stand on: the queue of a simulation, what
// drives it, and the books it keeps.
#ifndef DRYDOCK_SRC_ENGINE_H_
#define DRYDOCK_SRC_ENGINE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/drain.h"
#include "drydock/executor.h"
#include "drydock/finding.h"
#include "drydock/journal.h"
#include "drydock/simulated_clock.h"
#include "src/journal_store.h"
#include "src/lane.h"
#include "src/mutex.h"
#include "src/slot_table.h"

namespace drydock::internal {

class TransactionMark;

// Thread-safe but for driving, which is its maker's thread's; see drydock/simulation.h for what each
// call promises. Jobs run and closures are destroyed with the mutex released.
class Engine {
 public:
  Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  JobIdSource& job_ids() { return job_ids_; }
  SimulatedClock& clock() { return clock_; }
  Journal& journal() { return journal_; }

  // A queue for an executor; its number.
  int add_lane(Lane::Kind kind, const std::string& executor);

  // Queues a job; an inline lane's job is then run, unless the calling thread is running jobs of
  // this engine already or has a transaction open.
  void submit(int lane, SubmittedJob job);
  bool cancel(JobId id);

  // `lane`: of this executor and of inline ones only; none: of all.
  DrainReport drain(const DrainOptions& options, std::optional<int> lane, const char* call);
  DrainReport advance_by(absl::Duration duration, const DrainOptions& options);
  DrainReport advance_to_next(const DrainOptions& options);
  bool run_one(int lane);

  // Runs the calling thread's inline jobs, which an open transaction has held.
  void run_inline();

  std::size_t pending_count(int lane) const;
  // `lane`: of this executor; none: of all.
  std::vector<PendingJob> pending(std::optional<int> lane = std::nullopt) const;
  std::vector<JobRun> take_failures();
  void add_failure(JobRun failure);
  std::vector<Finding> findings() const;
  void add_finding(Finding finding);
  void allow(Finding::Kind kind);
  // Makes a finding of the jobs that are pending, if any are.
  void find_undrained();
  absl::Status check() const;

  // Ends the simulation: deferred jobs, queued or still to come, will not run, and let go of the
  // context that they were submitted in. They stay pending.
  void close();
  // Destroys the jobs that are pending.
  void discard_pending();

  // Writes an event that is not a job's into the journal.
  void note(Event::Kind kind, const std::string& name, SourceLocation where);

 private:
  // The state of one drain.
  struct Drain {
    const DrainOptions& options;
    std::optional<int> lane;
    DrainReport* report;  // null: nobody reads it
    std::uint32_t first_spawned = 0;
    std::size_t spawned_runs = 0;
    std::size_t inline_spawned_runs = 0;
    DrainOrder order = DrainOrder::fifo();
    std::optional<std::mt19937_64> random = {};  // for kShuffle; it is large
    // Jobs that this drain leaves, taken out of their lane's line and put back at its end.
    std::vector<Place> set_aside = {};
    absl::Status limit = absl::OkStatus();
  };

  void refuse_unless_driver(const char* call) const;
  int lane_for_submit(int lane, const void* strand) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void note_submit_in_transaction(const Slot& slot, const TransactionMark& transaction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);

  void run_due(Drain& drain);
  void run_thread_inline(Drain& drain);
  // The next job of the drain, out of its line; null: none, or a limit.
  Slot* next(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  Slot* next_inline(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  Slot* next_fifo(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  Slot* next_out_of_order(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  Slot* head(Lane& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  bool left_aside(const Drain& drain, const Slot& slot) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  bool over_limit(Drain& drain, const Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  bool takes_part(const Drain& drain, std::size_t lane) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // Counts the job's run and takes it out of the table.
  SubmittedJob start(Drain& drain, Slot& slot, EventSubject& subject, std::int64_t& due,
                     int& base_lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void finish(Drain& drain, const SubmittedJob& job, const EventSubject& subject, std::int64_t due,
              int base_lane, const JobResult& result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void put_back(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void leave_strand(const void* strand) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);

  // Makes jobs ready whose time has come.
  void set_clock(std::int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::optional<std::int64_t> next_due() ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void begin(Drain& drain);
  DrainReport advance_until(std::int64_t end, const DrainOptions& options, bool once);
  void complete(Drain& drain, DrainReport& report);

  std::int64_t now() const { return clock_.unix_nanos_.load(std::memory_order_relaxed); }
  EventSubject subject_of(const Slot& slot) const;
  PendingJob pending_job(const Slot& slot, PendingJob::Reason reason) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::vector<PendingJob> list_pending(const Drain* drain,
                                       std::optional<int> only_lane = std::nullopt) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void add_finding_locked(Finding finding) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::vector<Finding> findings_locked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);

  const std::thread::id driver_ = std::this_thread::get_id();
  JobIdSource job_ids_;
  SimulatedClock clock_;
  mutable JournalStore store_;
  Journal journal_{store_};

  mutable SlotTable slots_ ABSL_GUARDED_BY(store_.mutex);
  std::vector<std::unique_ptr<Lane>> lanes_ ABSL_GUARDED_BY(store_.mutex);
  bool closed_ ABSL_GUARDED_BY(store_.mutex) = false;
  std::uint32_t arrivals_ ABSL_GUARDED_BY(store_.mutex) = 0;
  // Strands with inline jobs, which all stand in one thread's lane until the last has run.
  struct StrandPlace {
    int lane;
    std::size_t jobs;
  };
  std::unordered_map<const void*, StrandPlace> inline_strands_ ABSL_GUARDED_BY(store_.mutex);
  std::vector<JobRun> failures_ ABSL_GUARDED_BY(store_.mutex);
  std::vector<Finding> findings_ ABSL_GUARDED_BY(store_.mutex);
  std::set<Finding::Kind> allowed_ ABSL_GUARDED_BY(store_.mutex);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_ENGINE_H_
