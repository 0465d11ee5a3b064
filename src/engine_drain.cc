// The driving half of the engine: what runs next, and what is written down of it.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "drydock/misuse_error.h"
#include "src/driving.h"
#include "src/engine.h"
#include "src/transaction_mark.h"
#include "src/runaway.h"

namespace drydock::internal {
namespace {

// What an inline executor runs in one go before it takes the jobs for a runaway.
constexpr std::size_t kMostInlineSpawned = 10'000'000;

}  // namespace

void Engine::refuse_unless_driver(const char* call) const {
  const std::string name = call;
  if (std::this_thread::get_id() != driver_) {
    throw MisuseError("drydock: " + name +
                      " was called on another thread than the one that made the simulation. Jobs "
                      "of a test run on one thread, in one order. Call it from the test body, and "
                      "from other threads only submit.");
  }
  if (Driving::is_driving(*this)) {
    throw MisuseError("drydock: " + name + " was called inside " + describe_current_job() +
                      ". A job that drains would run other jobs in its own middle, which no "
                      "executor in production does. Submit what has to run after it, and call " +
                      name + " from the test body.");
  }
  const TransactionMark* transaction = TransactionMark::find(*this);
  if (transaction != nullptr) {
    throw MisuseError("drydock: " + name + " was called while the transaction opened at " +
                      transaction->where().to_string() +
                      " was open. In production no job would see what it has written yet. Call " +
                      name + " after transact() has returned.");
  }
}

// --- What runs next.

Slot* Engine::head(Lane& lane) {
  while (!lane.ready.empty()) {
    Slot* slot = slots_.find(lane.ready.front());
    if (slot != nullptr) return slot;
    lane.ready.pop_front();  // cancelled, or taken out of turn
  }
  return nullptr;
}

bool Engine::takes_part(const Drain& drain, std::size_t lane) const {
  return !drain.lane || lanes_[lane]->base == *drain.lane || lanes_[lane]->kind == Lane::kInline;
}

bool Engine::left_aside(const Drain& drain, const Slot& slot) const {
  if (!drain.options.run_spawned && slot.sequence >= drain.first_spawned && slot.parent()) {
    return true;
  }
  const std::vector<std::string>& only = drain.options.only;
  return !only.empty() && std::find(only.begin(), only.end(), slot.name()) == only.end();
}

bool Engine::over_limit(Drain& drain, const Slot& slot) {
  const bool is_inline = lanes_[slot.lane]->kind == Lane::kInline;
  const bool spawned = slot.sequence >= drain.first_spawned && slot.parent();
  std::string limit;
  if (is_inline) {
    if (spawned && drain.inline_spawned_runs >= kMostInlineSpawned) {
      limit = "inline jobs have submitted " + std::to_string(kMostInlineSpawned) +
              " more inline jobs in one go";
    }
  } else if (spawned && drain.spawned_runs >= drain.options.max_spawned) {
    limit = "its own jobs had submitted " + std::to_string(drain.options.max_spawned) +
            " more (DrainOptions::max_spawned)";
  } else if (slot.generation() > drain.options.max_generation) {
    limit = "a job had " + std::to_string(drain.options.max_generation) +
            " submitters above it (DrainOptions::max_generation)";
  }
  if (limit.empty()) return false;
  drain.limit = runaway_status(limit, slot);
  add_finding_locked(
      {Finding::kRunaway, std::string(drain.limit.message()), slot.id(), slot.where()});
  return true;
}

Slot* Engine::next_inline(Drain& drain) {
  Slot* first = nullptr;
  const std::thread::id thread = std::this_thread::get_id();
  for (const auto& lane : lanes_) {
    if (lane->kind != Lane::kInline || lane->thread != thread) continue;
    Slot* slot = head(*lane);
    while (slot != nullptr && left_aside(drain, *slot)) {
      drain.set_aside.push_back({slot->due, slot->sequence, slot->id().value()});
      lane->ready.pop_front();
      slot = head(*lane);
    }
    if (slot != nullptr && (first == nullptr || slot->sequence < first->sequence)) first = slot;
  }
  return first;
}

Slot* Engine::next_fifo(Drain& drain) {
  Slot* first = nullptr;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    if (lane.kind == Lane::kInline || !takes_part(drain, i)) continue;
    Slot* slot = head(lane);
    while (slot != nullptr && left_aside(drain, *slot)) {
      drain.set_aside.push_back({slot->due, slot->sequence, slot->id().value()});
      lane.ready.pop_front();
      slot = head(lane);
    }
    if (slot == nullptr) continue;
    if (first == nullptr || std::pair(slot->due, slot->sequence) <
                                std::pair(first->due, first->sequence)) {
      first = slot;
    }
  }
  return first;
}

// Lists what could run now, which costs time in proportion to the queue: these orders are for
// finding bugs, not for speed. A job of a strand could run only if it is that strand's first.
Slot* Engine::next_out_of_order(Drain& drain) {
  std::vector<Slot*> could_run;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    if (lane.kind == Lane::kInline || !takes_part(drain, i)) continue;
    for (const std::uint64_t id : lane.ready) {
      Slot* slot = slots_.find(id);
      if (slot != nullptr && !left_aside(drain, *slot)) could_run.push_back(slot);
    }
  }
  std::sort(could_run.begin(), could_run.end(), [](const Slot* a, const Slot* b) {
    return std::pair(a->due, a->sequence) < std::pair(b->due, b->sequence);
  });
  std::set<const void*> strands;
  std::erase_if(could_run, [&](const Slot* slot) {
    return slot->strand() != nullptr && !strands.insert(slot->strand()).second;
  });
  if (could_run.empty()) return nullptr;
  if (drain.order.kind() == DrainOrder::kLifo) return could_run.back();
  return could_run[(*drain.random)() % could_run.size()];
}

Slot* Engine::next(Drain& drain) {
  Slot* slot = next_inline(drain);
  if (slot == nullptr) {
    slot = drain.order.kind() == DrainOrder::kFifo ? next_fifo(drain) : next_out_of_order(drain);
  }
  return slot == nullptr || over_limit(drain, *slot) ? nullptr : slot;
}

void Engine::put_back(Drain& drain) {
  for (auto place = drain.set_aside.rbegin(); place != drain.set_aside.rend(); ++place) {
    const Slot* slot = slots_.find(place->id);
    if (slot != nullptr) lanes_[slot->lane]->ready.push_front(place->id);
  }
  drain.set_aside.clear();
}

// --- Running.

SubmittedJob Engine::start(Drain& drain, Slot& slot, EventSubject& subject, std::int64_t& due,
                           int& base_lane) {
  subject = subject_of(slot);
  due = slot.due;
  Lane& lane = *lanes_[slot.lane];
  base_lane = lane.base;
  if (!lane.ready.empty() && lane.ready.front() == subject.job) lane.ready.pop_front();
  --lanes_[base_lane]->live;
  if (slot.sequence >= drain.first_spawned && slot.parent()) {
    ++(lane.kind == Lane::kInline ? drain.inline_spawned_runs : drain.spawned_runs);
  }
  store_.append(Event::kStarted, now(), subject);
  return slots_.take(slot);
}

void Engine::finish(Drain& drain, const SubmittedJob& job, const EventSubject& subject,
                    std::int64_t due, int base_lane, const JobResult& result) {
  const bool failed = result.error != nullptr;
  const Lane& lane = *lanes_[base_lane];
  store_.append(failed ? Event::kFailed : Event::kFinished, now(), subject);
  if (lane.kind == Lane::kInline && job.strand() != nullptr) leave_strand(job.strand());
  if (result.leaked_slot != nullptr) {
    add_finding_locked({Finding::kContextLeaked,
                        context_leaked_message(job, result.leaked_slot), job.id(), job.where()});
  }
  if (drain.report == nullptr && !failed) return;
  JobRun run{job.id(), job.parent(), job.name(), job.where(), lane.executor,
             absl::FromUnixNanos(due)};
  run.generation = job.generation();
  if (failed) {
    run.outcome = JobRun::kFailed;
    run.error = describe(result.error);
    run.exception = result.error;
    run.ancestors = job.ancestors();
    failures_.push_back(run);
  }
  if (drain.report != nullptr) drain.report->runs.push_back(std::move(run));
}

void Engine::run_due(Drain& drain) {
  store_.mutex.lock();
  while (Slot* slot = next(drain)) {
    EventSubject subject;
    std::int64_t due = 0;
    int base_lane = 0;
    SubmittedJob job = start(drain, *slot, subject, due, base_lane);
    store_.mutex.unlock();
    const JobResult result = std::move(job).run();
    store_.mutex.lock();
    finish(drain, job, subject, due, base_lane, result);
  }
  put_back(drain);
  store_.mutex.unlock();
}

void Engine::begin(Drain& drain) {
  const MutexLock lock(store_.mutex);
  drain.first_spawned = arrivals_ + 1;
  drain.order = drain.options.order.value_or(DrainOrder::fifo());
  if (drain.order.kind() == DrainOrder::kShuffle) drain.random.emplace(drain.order.seed());
  drain.report->runs.reserve(slots_.size());
  store_.append(Event::kDrainStarted, now(), {});
}

void Engine::complete(Drain& drain, DrainReport& report) {
  const MutexLock lock(store_.mutex);
  store_.append(Event::kDrainEnded, now(), {});
  report.limit = drain.limit;
  report.pending = list_pending(&drain);
}

DrainReport Engine::drain(const DrainOptions& options, std::optional<int> lane, const char* call) {
  refuse_unless_driver(call);
  DrainReport report;
  Drain drain{options, lane, &report};
  begin(drain);
  const Driving driving(*this);
  run_due(drain);
  complete(drain, report);
  return report;
}

bool Engine::run_one(int lane) {
  refuse_unless_driver("run_one()");
  const DrainOptions options{.max_spawned = 0, .run_spawned = false};
  DrainReport report;
  Drain drain{options, lane, &report};
  std::optional<SubmittedJob> job;
  EventSubject subject;
  std::int64_t due = 0;
  int base_lane = 0;
  {
    const MutexLock lock(store_.mutex);
    drain.first_spawned = arrivals_ + 1;
    Slot* slot = next(drain);
    if (slot == nullptr) return false;
    job.emplace(start(drain, *slot, subject, due, base_lane));
  }
  {
    const Driving driving(*this);
    const JobResult result = std::move(*job).run();
    const MutexLock lock(store_.mutex);
    finish(drain, *job, subject, due, base_lane, result);
  }
  run_inline();
  return true;
}

void Engine::run_inline() {
  if (Driving::is_driving(*this) || TransactionMark::find(*this) != nullptr) return;
  static const DrainOptions kAll;
  Drain drain{kAll, std::nullopt, nullptr};
  const Driving driving(*this);
  run_thread_inline(drain);
}

void Engine::run_thread_inline(Drain& drain) {
  store_.mutex.lock();
  drain.first_spawned = arrivals_ + 1;
  while (Slot* slot = next_inline(drain)) {
    if (over_limit(drain, *slot)) break;
    EventSubject subject;
    std::int64_t due = 0;
    int base_lane = 0;
    SubmittedJob job = start(drain, *slot, subject, due, base_lane);
    store_.mutex.unlock();
    const JobResult result = std::move(job).run();
    store_.mutex.lock();
    finish(drain, job, subject, due, base_lane, result);
  }
  store_.mutex.unlock();
}

// --- Time.

void Engine::set_clock(std::int64_t now) {
  clock_.unix_nanos_.store(now, std::memory_order_relaxed);
  for (const auto& lane : lanes_) {
    while (!lane->delayed.empty() && lane->delayed.front().due <= now) {
      const Place place = lane->pop_delayed();
      Slot* slot = slots_.find(place.id);
      if (slot == nullptr) continue;
      // The thread that moves the clock runs what it makes due, whoever submitted it.
      slot->lane = static_cast<std::uint16_t>(lane->base);
      lanes_[lane->base]->ready.push_back(place.id);
    }
  }
}

std::optional<std::int64_t> Engine::next_due() {
  std::optional<std::int64_t> earliest;
  for (const auto& lane : lanes_) {
    while (!lane->delayed.empty() && slots_.find(lane->delayed.front().id) == nullptr) {
      lane->pop_delayed();
    }
    if (lane->delayed.empty()) continue;
    const std::int64_t due = lane->delayed.front().due;
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

DrainReport Engine::advance_until(std::int64_t end, const DrainOptions& options, bool once) {
  DrainReport report;
  Drain drain{options, std::nullopt, &report};
  const Driving driving(*this);
  begin(drain);
  run_due(drain);
  while (drain.limit.ok()) {
    {
      const MutexLock lock(store_.mutex);
      const std::optional<std::int64_t> due = next_due();
      if (!due || *due > end) break;
      set_clock(*due);
      store_.append(Event::kClockAdvanced, now(), {});
    }
    run_due(drain);
    if (once) break;
  }
  if (drain.limit.ok() && !once) {
    const MutexLock lock(store_.mutex);
    set_clock(end);
    store_.append(Event::kClockAdvanced, now(), {});
  }
  complete(drain, report);
  return report;
}

DrainReport Engine::advance_by(absl::Duration duration, const DrainOptions& options) {
  refuse_unless_driver("advance_by()");
  if (duration < absl::ZeroDuration()) {
    throw MisuseError("drydock: advance_by(" + absl::FormatDuration(duration) +
                      ") would turn the simulated clock back. Pass how far it moves forward.");
  }
  const absl::Time end = clock_.now() + duration;
  return advance_until(absl::ToUnixNanos(end), options, /*once=*/false);
}

DrainReport Engine::advance_to_next(const DrainOptions& options) {
  refuse_unless_driver("advance_to_next()");
  return advance_until(std::numeric_limits<std::int64_t>::max(), options, /*once=*/true);
}

}  // namespace drydock::internal
