// The driving half of the engine: what runs next, and what is written down of it.

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "drydock/current_job.h"
#include "drydock/misuse_error.h"
#include "src/driving.h"
#include "src/engine.h"
#include "src/runaway.h"
#include "src/transaction_mark.h"

namespace drydock::internal {

void Engine::refuse(const std::string& call) const {
  if (std::this_thread::get_id() != driver_) {
    throw MisuseError("drydock: " + call +
                      " was called on another thread than the one that made the simulation. Jobs "
                      "of a test run on one thread, in one order. Call it from the test body, and "
                      "from other threads only submit.");
  }
  if (Driving::is_driving(*this)) {
    throw MisuseError("drydock: " + call + " was called inside " + describe_current_job() +
                      ". A job that drains would run other jobs in its own middle, which no "
                      "executor in production does. Submit what has to run after it, and call " +
                      call + " from the test body.");
  }
  throw MisuseError("drydock: " + call + " was called while the transaction opened at " +
                    TransactionMark::find(*this)->where().to_string() +
                    " was open. In production no job would see what it has written yet. Call " +
                    call + " after transact() has returned.");
}

void Engine::refuse_options(const DrainOptions& options, const std::string& call) {
  if (options.deliveries < 1) {
    throw MisuseError("drydock: " + call +
                      " was given deliveries = " + std::to_string(options.deliveries) +
                      ". Pass 1, the default, to run each job once, or 2 and more to see whether "
                      "jobs can bear to be delivered again.");
  }
  throw MisuseError("drydock: " + call +
                    " was given max_generation = " + std::to_string(options.max_generation) +
                    ". Pass how many jobs may stand above a job in its chain of submitters: 0 "
                    "where no job may submit one that runs, 1000 by default.");
}

// --- Running.

[[gnu::always_inline]] inline void Engine::run(Drain& drain, SlotTable::Entry job, Lane& lane) {
  Slot& slot = *job.slot;
  if (is_spawned(drain, slot)) {
    ++(lane.kind == Lane::kInline ? drain.inline_spawned_runs : drain.spawned_runs);
  }
  lane.running_since = ticks_.tick();
  begin_run(job, lane);
  if (!recurring_.empty() && run_recurring(drain, job, lane)) return;

  store_.mutex.unlock();
  const JobResult result = drain.options.deliveries == 1 ? slot.run_here() : deliver(drain, slot);
  store_.mutex.lock();
  end_run(drain, slot, lane, result);
  slots_.finish(job);
}

void Engine::append_end(bool failed, const Slot& slot) {
  store_.append_end(failed, now(), subject_of(slot));
}

void Engine::finish_run(Drain& drain, SlotTable::Entry job, const Lane& lane,
                        const JobResult& result) {
  end_run(drain, *job.slot, lane, result);
  slots_.finish(job);
}

bool Engine::run_recurring(Drain& drain, SlotTable::Entry job, const Lane& lane) {
  Slot& slot = *job.slot;
  const auto found = recurring_.find(slot.id().value());
  if (found == recurring_.end()) return false;
  std::shared_ptr<RecurringJob> body = found->second.body;
  drain.last_deliveries = 1;
  store_.mutex.unlock();
  Job once = [&body] { (*body)(); };
  const JobResult result = slot.run_as_this(once);
  store_.mutex.lock();
  end_run(drain, slot, lane, result);
  if (queue_again(job)) return true;
  drain.make_extras().spent.push_back(std::move(body));
  drain.make_extras().spent_contexts.push_back(slot.take_context());
  slots_.finish(job);
  return true;
}

[[gnu::always_inline]] inline void Engine::end_run(Drain& drain, const Slot& slot, const Lane& lane,
                                                   const JobResult& result) {
  const bool failed = static_cast<bool>(result.error);
  if (!store_.end_last(failed, now(), slot.id().value())) append_end(failed, slot);
  if (slot.strand() != nullptr) leave_strand(slot);
  if (result.leaked_slot != nullptr) find_leaked_context(slot, result.leaked_slot);
  if (result.error) {
    report_failure(drain, slot, lane, result.error);
  } else if (drain.report != nullptr) {
    runs_.add(slot, lane, drain.last_deliveries, store_.sites);
  }
}

void Engine::find_leaked_context(const SubmittedJob& job, const char* slot) {
  add_finding_locked(
      {Finding::kContextLeaked, context_leaked_message(job, slot), job.id(), job.where()});
}

void Engine::add_leaked_context(const SubmittedJob& job, const char* slot) {
  const MutexLock lock(store_.mutex);
  find_leaked_context(job, slot);
}

void Engine::report_failure(Drain& drain, const Slot& slot, const Lane& lane,
                            const std::exception_ptr& error) {
  JobRun run = RunWriter::describe(slot, lane, drain.last_deliveries, store_.sites);
  run.outcome = JobRun::kFailed;
  run.error = describe(error);
  run.exception = error;
  run.ancestors = slot.ancestors();
  if (drain.report != nullptr) runs_.add_failed(run);
  failures_.push_back(std::move(run));
}

// --- What comes next.

void Engine::find_only_lane(Drain& drain) {
  drain.lanes_seen = lanes_.size();
  drain.only_lane = nullptr;
  if (has_inline_lanes_ || drain.ranking() != nullptr || drain.until_idle) return;
  if (drain.lane || lanes_.size() == 1) drain.only_lane = lanes_[drain.lane.value_or(0)].get();
}

[[gnu::always_inline]] inline SlotTable::Entry Engine::next(Drain& drain) {
  if (drain.lanes_seen != lanes_.size()) find_only_lane(drain);
  Lane* const lane = drain.only_lane;
  if (lane == nullptr) {
    Slot* const slot = next_of_several(drain);
    return slot == nullptr ? SlotTable::Entry() : slots_.entry_of(*slot);
  }
  const SlotTable::Entry job = head(drain, *lane);
  if (job.slot == nullptr || over_limit(drain, *job.slot)) return {};
  lane->ready.pop_front();
  return job;
}

// Where it can, without looking into the slot: the line's next job would have to wait for that.
[[gnu::always_inline]] inline Lane& Engine::lane_of(const Drain& drain, const Slot& slot) const {
  return drain.only_lane != nullptr ? *drain.only_lane : *lanes_[slot.lane];
}

void Engine::run_due(Drain& drain) {
  for (SlotTable::Entry job = next(drain); job.slot != nullptr; job = next(drain)) {
    run(drain, job, lane_of(drain, *job.slot));
    Lane* const lane = drain.only_lane;
    if (lane != nullptr && !lane->ready.empty() && drain.broken_rows < 2) run_row(drain);
  }
  if (drain.extras != nullptr) put_back(drain);
}

void Engine::run_to_end(Drain& drain) {
  run_due(drain);
  complete(drain);
}

// --- The calls.

void Engine::begin(Drain& drain) {
  drain.first_spawned = arrivals_ + 1;
  drain.rank(order_of(drain.options));
  runs_.begin(*drain.report, slots_.size());
  store_.append_drain(Event::kDrainStarted, now());
}

void Engine::complete(Drain& drain) {
  DrainReport& report = *drain.report;
  store_.append_drain(Event::kDrainEnded, now());
  report.leaves_runs_ = runs_.finish();
  if (drain.reached_limit()) report.limit = drain.extras->limit;
  if (slots_.size() != 0) report.pending = list_pending(&drain);
  if (!held_.empty()) held_.list(absl::FromUnixNanos(now()), report.pending);
}

DrainReport Engine::advance(Advance advance, const DrainOptions& options, std::optional<int> lane) {
  DrainReport report;
  Drain drain(options, lane, &report);
  if (advance.kind == Advance::kUntilIdle) {
    drain.until_idle = true;
    drain.make_extras();
  }
  const Driving driving(*this);
  const MutexLock lock(store_.mutex);
  begin(drain);
  run_due(drain);
  while (!drain.reached_limit()) {
    const std::optional<std::int64_t> stop = next_stop(drain, advance);
    if (!stop) break;
    set_clock(*stop);
    store_.append(Event::kClockAdvanced, now(), {});
    run_due(drain);
  }
  complete(drain);
  return report;
}

bool Engine::run_one(std::optional<int> lane) {
  refuse_unless_driver("run_one()");
  static const DrainOptions kNoLimit{.max_spawned = std::numeric_limits<std::size_t>::max(),
                                     .max_generation = std::numeric_limits<int>::max()};
  Drain drain(kNoLimit, lane, nullptr);
  {
    const Driving driving(*this);
    const MutexLock lock(store_.mutex);
    drain.first_spawned = arrivals_ + 1;
    drain.rank(default_order_);
    const SlotTable::Entry job = next(drain);
    put_back(drain);
    if (job.slot == nullptr) return false;
    run(drain, job, lane_of(drain, *job.slot));
  }
  run_inline();
  return true;
}

void Engine::run_inline() {
  if (Driving::is_driving(*this) || TransactionMark::find(*this) != nullptr) return;
  static const DrainOptions kAll;
  Drain drain(kAll, std::nullopt, nullptr);
  const Driving driving(*this);
  const MutexLock lock(store_.mutex);
  drain.first_spawned = arrivals_ + 1;
  while (Slot* slot = first_of(drain, Lane::kInline)) {
    if (over_limit(drain, *slot)) break;
    Lane& lane = *lanes_[slot->lane];
    lane.ready.pop_front();
    run(drain, slots_.entry_of(*slot), lane);
  }
}

}  // namespace drydock::internal
