// The one engine that inline and deferred executors stand on: the queue of a simulation, what
// drives it, and the books it keeps.
#ifndef DRYDOCK_SRC_ENGINE_H_
#define DRYDOCK_SRC_ENGINE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/drain.h"
#include "drydock/executor.h"
#include "drydock/finding.h"
#include "drydock/journal.h"
#include "drydock/simulated_clock.h"
#include "drydock/simulation_mark.h"
#include "src/coarse_clock.h"
#include "src/deadline.h"
#include "src/drain_state.h"
#include "src/driving.h"
#include "src/held_jobs.h"
#include "src/idle_source.h"
#include "src/inline_strands.h"
#include "src/job_text.h"
#include "src/journal_store.h"
#include "src/lane.h"
#include "src/leaks.h"
#include "src/mutex.h"
#include "src/ranking.h"
#include "src/row.h"
#include "src/run_writer.h"
#include "src/slot_table.h"
#include "src/spare_runs.h"
#include "src/sparing_clock.h"
#include "src/test_observer.h"
#include "src/test_traces.h"
#include "src/thread_card.h"
#include "src/transaction_mark.h"
#include "src/waits.h"

namespace drydock::internal {

// Thread-safe but for driving, which is its maker's thread's; see drydock/simulation.h for what
// each call promises. Jobs run and closures are destroyed with the mutex released.
class Engine final : public IdleSource {
 public:
  // `order`: of drains that ask for none.
  explicit Engine(DrainOrder order = DrainOrder::fifo());
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
  void submit(int lane, SubmittedJob&& job);
  // Queues a job that runs `body` when `first` is due, and again `period` after each due time,
  // until it is cancelled.
  void submit_every(int lane, SubmittedJob&& first, absl::Duration period, RecurringJob body);
  bool cancel(JobId id);

  // `lane`: of this executor and of inline ones only; none: of all.
  DrainReport drain(const DrainOptions& options, std::optional<int> lane, const char* call);
  DrainReport advance_by(absl::Duration duration, const DrainOptions& options,
                         std::optional<int> lane = std::nullopt);
  DrainReport advance_to_next(const DrainOptions& options, std::optional<int> lane = std::nullopt);
  DrainReport advance_until_idle(const DrainOptions& options, std::optional<int> lane);
  bool run_one(std::optional<int> lane);

  // Runs the calling thread's inline jobs, which an open transaction has held.
  void run_inline();

  std::size_t pending_count(int lane) const;
  // `lane`: of this executor; none: of all.
  std::vector<PendingJob> pending(std::optional<int> lane = std::nullopt) const;
  SimulationMark mark();
  std::vector<PendingJob> pending_since(const SimulationMark& mark) const;
  std::vector<Event> events_since(const SimulationMark& mark) const;
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

  // Asked, where a drain runs each job twice, on the thread that runs it and outside the job: when
  // it starts (0), and when it has run that many times. Says what the last run has changed, to
  // stand after "run 2" in a message: " changed the table mails"; "" for nothing.
  using DeliveryObserver = std::function<std::string(int deliveries)>;
  void set_delivery_observer(DeliveryObserver observer);

  // The last word on the test: its findings and failures. What comes to light from now on goes to
  // `Leaks`.
  void hand_over(std::vector<Finding>* findings, std::vector<JobRun>* failures);

  // The jobs of a lane, for those who wait for them. Jobs that are not due do not count.
  IdleTarget idle_target(int lane) const;
  void lock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { store_.mutex.lock(); }
  void unlock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { store_.mutex.unlock(); }
  bool idle(const IdleTarget& target,
            SteadyTime deadline) const override ABSL_NO_THREAD_SAFETY_ANALYSIS;
  bool may_become_idle(const IdleTarget& target, SteadyTime deadline,
                       const StuckThreads& stuck) override;
  bool runs_here(const IdleTarget& target) override;
  std::vector<NamedJob> waiting_for_this_thread(const IdleTarget& target) override;
  void list_unfinished(const IdleTarget& target, UnfinishedJobs& jobs) override;
  bool note_blocked(const std::string& message, const NamedJob& job) override;

  // What an inline executor runs in one go before it takes the jobs for a runaway: 10,000,000. For
  // tests of that.
  void set_most_inline_spawned(std::size_t limit) {
    const MutexLock lock(store_.mutex);
    most_inline_spawned_ = limit;
  }

  // Makes a finding of a submit to an executor that is not of this simulation, while the
  // transaction opened at `transaction` was open.
  void add_outside_submit(const SubmittedJob& job, SourceLocation transaction);

  // Writes what has become of a job of another executor into the journal.
  void note_outside(TestObserver::Step step, const OutsideJob& job);
  // The calling thread has begun a transaction of the sandbox, or ended it.
  void transaction_began();
  void transaction_ended();
  // A job that the calling thread's transaction submits when it commits, to the executor that
  // `target` is of; the number by which to let go of it. 0: that is no executor of this simulation.
  std::uint64_t hold(const IdleTarget& target, std::string name, SourceLocation where,
                     absl::Duration delay);
  void let_go(std::uint64_t held);
  // Makes a finding of a job that has left that context slot changed, on whatever executor.
  void add_leaked_context(const SubmittedJob& job, const char* slot);

  // Writes an event that is not a job's into the journal.
  void note(Event::Kind kind, const std::string& name, SourceLocation where);

 private:
  using Drain = DrainState;

  [[gnu::always_inline]] void refuse_unless_driver(const char* call) const {
    if (std::this_thread::get_id() != driver_ || Driving::is_driving(*this) ||
        TransactionMark::find(*this) != nullptr) {
      refuse(call);
    }
  }
  [[noreturn]] void refuse(const std::string& call) const;
  [[gnu::always_inline]] static void refuse_unless_valid(const DrainOptions& options,
                                                         const char* call) {
    if (&options == &DrainOptions::kDefaults) [[likely]] {
      return;
    }
    if (options.deliveries < 1 || options.max_generation < 0) refuse_options(options, call);
  }
  [[noreturn, gnu::noinline, gnu::cold]] static void refuse_options(const DrainOptions& options,
                                                                    const std::string& call);
  // Puts a job that is due into its line.
  void line_up(Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex) {
    Lane& lane = *lanes_[slot.lane];
    if (lane.kind == Lane::kDeferred) {
      lane.ready.push_back(slot.id().value());
    } else {
      line_up_inline(slot);
    }
  }
  void line_up_inline(Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  int thread_lane(int base) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void leave_strand(const Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // `submitted`: what the slot was made of, which is destroyed when the mutex is released.
  [[gnu::cold]] void note_late_submit(Slot& slot, SubmittedJob& submitted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  [[gnu::noinline]] void note_submit_in_transaction(const SubmittedJob& job,
                                                    SourceLocation transaction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);

  void run_due(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The next job of the drain; null: none, or a limit.
  SlotTable::Entry next(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The lane of the job that `next` gave.
  Lane& lane_of(const Drain& drain, const Slot& slot) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  Slot* next_of_several(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  Slot* first_of(Drain& drain, Lane::Kind kind) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  Slot* next_ranked(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void rank_again(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The first job of the line that is for this drain.
  [[gnu::always_inline]] SlotTable::Entry head(Drain& drain, Lane& lane)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex) {
    for (; !lane.ready.empty(); lane.ready.pop_front()) {
      const SlotTable::Entry job = slots_.find_entry(lane.ready.front());
      if (job.slot == nullptr) continue;  // cancelled
      if (!drain.filters || !left_aside(drain, *job.slot)) return job;
      drain.make_extras().set_aside.push_back(job.slot->place());
    }
    return {};
  }
  bool is_spawned(const Drain& drain, const Slot& slot) const {
    // A recurring job comes again by itself.
    return slot.sequence >= drain.first_spawned && slot.parent() && !slot.has_run;
  }
  bool left_aside(const Drain& drain, const Slot& slot) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  bool over_limit(Drain& drain, const Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex) {
    // Most jobs have no submitters above them.
    return slot.parent() && spawned_over_limit(drain, slot);
  }
  bool spawned_over_limit(Drain& drain, const Slot& slot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The same with what only a drain through all timers has a limit of.
  bool over_any_limit(Drain& drain, const Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex) {
    return (drain.until_idle && recurring_over_limit(drain, slot)) || over_limit(drain, slot);
  }
  bool inline_over_limit(Drain& drain, const Slot& slot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  bool recurring_over_limit(Drain& drain, const Slot& slot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void stop_at(Drain& drain, const Slot& slot, absl::Status limit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  bool takes_part(const Drain& drain, const Lane& lane) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex) {
    if (lane.kind == Lane::kInline) return lane.thread == std::this_thread::get_id();
    return is_own(drain, lane);
  }
  // Not only taking part, as inline lanes do: what the drain was asked for.
  static bool is_own(const Drain& drain, const Lane& lane) {
    return !drain.lane || lane.base == *drain.lane;
  }
  void sort_line(Lane& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // Queues a recurring job that has run for its next time. False: it was cancelled.
  bool queue_again(SlotTable::Entry job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  class Deliveries;
  // Runs the job more than once, with the mutex released.
  JobResult deliver(Drain& drain, Slot& slot);
  // Writes down that the job runs.
  [[gnu::always_inline]] void begin_run(SlotTable::Entry job, Lane& lane)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex) {
    --lane.live_in->live;
    slots_.start(job);
    store_.append(Event::kStarted, now(), subject_of(*job.slot));
  }
  // Runs the job that `next` gave, with the mutex released.
  void run(Drain& drain, SlotTable::Entry job, Lane& lane)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The same where the job is a recurring one. False: it is not, and was not run.
  bool run_recurring(Drain& drain, SlotTable::Entry job, const Lane& lane)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  [[gnu::noinline]] void append_end(bool failed, const Slot& slot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void finish_run(Drain& drain, SlotTable::Entry job, const Lane& lane, const JobResult& result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void end_run(Drain& drain, const Slot& slot, const Lane& lane, const JobResult& result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // Runs what comes next in the line, as long as that may be in a row.
  void run_row(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::size_t begin_row(const Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void write_ended() ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void settle_row() ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  RowEnd run_jobs_of_row(std::size_t length) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  bool is_plain(const DrainOptions& options) const;
  bool begin_plain(const DrainOptions& options, std::optional<int> lane)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The whole of a drain of the row that has begun. `drain`: made where that turns out to be not
  // all, since a job failed, left its context changed, or somebody had a look meanwhile.
  void drain_single(const DrainOptions& options, std::optional<int> lane, DrainReport& report,
                    std::optional<Drain>& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void drain_row(const DrainOptions& options, std::optional<int> of_lane, DrainReport& report,
                 std::optional<Drain>& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void write_single(Slot& slot, Lane& lane, DrainReport& report)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void write_all(DrainReport& report) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The rest of such a drain.
  void drain_on(Drain& drain, std::uint32_t first_spawned, const RowEnd& end)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // Limits are for jobs with parents; a job of a strand, or of no known site, has more to write
  // down.
  static bool may_be_in_row(const Slot& slot) {
    return !slot.parent() && slot.strand() == nullptr && slot.site() != 0;
  }
  [[gnu::noinline]] void find_leaked_context(const SubmittedJob& job, const char* slot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void report_failure(Drain& drain, const Slot& slot, const Lane& lane,
                      const std::exception_ptr& error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void find_only_lane(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void put_back(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);

  // Lines jobs up whose time has come.
  void set_clock(std::int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  DrainOrder order_of(const DrainOptions& options) const {
    return options.order ? *options.order : default_order_;
  }
  void begin(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void run_to_end(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void complete(Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // How far a call moves the clock.
  struct Advance {
    enum Kind { kToEnd, kToNext, kUntilIdle };
    Kind kind;
    std::int64_t end = kNever;
    bool arrived = false;
  };
  DrainReport advance(Advance advance, const DrainOptions& options, std::optional<int> lane);
  // Where the clock stops next; none: the call has come to its end.
  std::optional<std::int64_t> next_stop(Drain& drain, Advance& advance)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::optional<std::int64_t> stop_before_end(const Drain& drain, Advance& advance)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::optional<std::int64_t> stop_before_next(const Drain& drain, Advance& advance)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::optional<std::int64_t> stop_before_idle(Drain& drain)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // The job of the drain's own that is due last, recurring ones apart; 0: none is to come.
  std::uint64_t last_to_come(const Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // `kNever`: no job is due later.
  std::int64_t next_due(Lane& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::int64_t next_due(const Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::int64_t next_own_due(const Drain& drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);

  std::int64_t now() const { return clock_.unix_nanos_.load(std::memory_order_relaxed); }
  static EventSubject subject_of(const Slot& slot) {
    return {slot.id().value(), slot.parent().value(), slot.site()};
  }
  PendingJob pending_job(const Slot& slot, PendingJob::Reason reason) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // `first`: of those that arrived then or later.
  std::vector<PendingJob> list_pending(const Drain* drain,
                                       std::optional<int> only_lane = std::nullopt,
                                       std::uint32_t first = 0) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // Whether inline jobs of the lane have to wait for a transaction of its thread.
  bool awaits_commit(const Lane& lane) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::vector<PendingJob> list_undrained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  // Visits the target's jobs that run or are due, until `visit(slot, running)` says true; whether
  // it did.
  template <class Visit>
  bool find_unfinished(const IdleTarget& target, Visit&& visit) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  void listener_added(bool added) override ABSL_NO_THREAD_SAFETY_ANALYSIS { store_.watch(added); }
  // See JournalStore.
  bool may_come(const EventPattern& pattern, const StuckThreads& stuck) const;
  absl::Status refuse_wait(const EventPattern& pattern, const std::string& ring);
  // Where the test wants it, once: at the end of the sandbox, or of the simulation.
  void write_trace();
  void add_finding_locked(Finding finding) ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);
  std::vector<Finding> findings_locked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(store_.mutex);

  const DrainOrder default_order_;
  const std::thread::id driver_ = std::this_thread::get_id();
  const CoarseTick made_ = earliest(coarse_tick());
  const Leaks::Test test_ = Leaks::instance().test();
  std::string trace_path_ = TestTraces::instance().next_path();  // "": no trace to write
  const std::shared_ptr<ThreadCard> driver_card_ = ThreadCard::own();
  JobIdSource job_ids_;
  SimulatedClock clock_;
  mutable JournalStore store_;
  Journal journal_{store_};

  SparingClock ticks_ ABSL_GUARDED_BY(store_.mutex);
  mutable SlotTable slots_ ABSL_GUARDED_BY(store_.mutex);
  std::vector<std::unique_ptr<Lane>> lanes_ ABSL_GUARDED_BY(store_.mutex);
  bool has_inline_lanes_ ABSL_GUARDED_BY(store_.mutex) = false;
  bool closed_ ABSL_GUARDED_BY(store_.mutex) = false;
  bool handed_over_ ABSL_GUARDED_BY(store_.mutex) = false;
  std::size_t most_inline_spawned_ ABSL_GUARDED_BY(store_.mutex) = 10'000'000;
  std::size_t cancels_ ABSL_GUARDED_BY(store_.mutex) = 0;
  RunWriter runs_ ABSL_GUARDED_BY(store_.mutex);
  Row row_ ABSL_GUARDED_BY(store_.mutex);  // that a drain is running
  std::uint32_t arrivals_ ABSL_GUARDED_BY(store_.mutex) = 0;
  InlineStrands inline_strands_ ABSL_GUARDED_BY(store_.mutex);
  struct Recurring {
    std::shared_ptr<RecurringJob> body;
    std::int64_t period;
  };
  std::unordered_map<std::uint64_t, Recurring> recurring_ ABSL_GUARDED_BY(store_.mutex);  // by id
  // The jobs outside of the simulation that have not ended: by name, how many.
  std::unordered_map<std::string, std::size_t> outside_ ABSL_GUARDED_BY(store_.mutex);
  std::vector<std::thread::id> in_transaction_ ABSL_GUARDED_BY(store_.mutex);
  HeldJobs held_ ABSL_GUARDED_BY(store_.mutex);
  DeliveryObserver delivery_observer_ ABSL_GUARDED_BY(store_.mutex);
  std::vector<JobRun> failures_ ABSL_GUARDED_BY(store_.mutex);
  std::vector<Finding> findings_ ABSL_GUARDED_BY(store_.mutex);
  // How many of them the test has been told of.
  mutable std::size_t findings_seen_ ABSL_GUARDED_BY(store_.mutex) = 0;
  std::set<Finding::Kind> allowed_ ABSL_GUARDED_BY(store_.mutex);

  const SourceRegistration registration_{*this};
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_ENGINE_H_
