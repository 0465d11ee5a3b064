// Rows: jobs in line whose ids follow each other, as a loop submits them, that have no submitter
// and no strand, are of a known site and were due at the same time.
//
// Around the run of one job the engine writes some twenty places under its mutex. Of a row it
// counts the jobs that have ended, and lends the mutex while one runs. Who takes it (the job
// itself, when it submits, or another thread that looks at the journal) has the books written up to
// the job that is running; it goes on like any other, and the row is over.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "src/engine.h"

namespace drydock::internal {

// Runs the jobs of the row, at most `length` of them.
[[gnu::always_inline]] inline RowEnd Engine::run_jobs_of_row(std::size_t length) {
  Lane& lane = *row_.lane;
  Slot* slot = row_.slots.slot();
  const std::uint32_t site = slot->site();
  bool several = false;
  std::size_t ended = 0;
  for (;;) {
    lane.running_since = ticks_.tick();
    store_.mutex.lend();
    JobResult result = slot->run_here();
    const bool alone = store_.mutex.take_back();
    if (!alone || result.error || result.leaked_slot != nullptr) {
      if (alone) settle_row();
      return {slot, std::move(result)};
    }
    slot->~Slot();
    ++slot;
    row_.slots.ended = ++ended;
    if (ended == length || !row_.slots.is_pending(ended) ||
        slot->id().value() != lane.ready[ended] || !may_be_in_row(*slot) ||
        slot->due() != row_.due) {
      return {};
    }
    // Where two lines take turns, the first branch does too, and shows the processor which job it
    // calls next: without it it guesses wrong each time, which `submit_and_drain_mixed` in
    // benchmarks/ would tell.
    if (slot->site() != site) {
      if (!several) row_.sites.begin_several(ended);
      several = true;
    }
    if (several) row_.sites.set(ended, slot->site());
  }
}

void Engine::run_row(Drain& drain) {
  const std::size_t length = begin_row(drain);
  if (length == 0) return;
  const Slot* const first = row_.slots.slot();
  const RowEnd end = run_jobs_of_row(length);
  if (end.broken_by == nullptr) return write_ended();
  finish_run(drain, slots_.entry_of(*end.broken_by), *row_.lane, end.result);
  drain.broken_rows = end.broken_by == first ? drain.broken_rows + 1 : 0;
}

// The books of a drain whose jobs were the row's.
[[gnu::always_inline]] inline void Engine::write_all(DrainReport& report) {
  const std::uint64_t first_id = row_.lane->ready.front();
  const std::size_t jobs = row_.slots.ended;
  if (row_.sites.is_one(jobs)) {
    store_.append_all_runs(now(), {first_id, 0, row_.sites.front()},
                           static_cast<std::uint32_t>(jobs));
  } else {
    store_.append_varied_runs(now(), first_id, row_.sites.first(jobs));
    store_.append_drain(Event::kDrainEnded, now());
  }
  runs_.add_row(row_, store_.sites);
  report.leaves_runs_ = runs_.finish();
  row_.lane->ready.pop_front(jobs);
  row_.lane->live -= jobs;
  slots_.finish_ended(row_.slots);
}

// The whole of a drain whose jobs are, as far as can be seen, the row that has begun: none of what
// a drain keeps for the jobs that come after it is made, unless some do.
void Engine::drain_row(const DrainOptions& options, std::optional<int> of_lane, DrainReport& report,
                       std::optional<Drain>& drain) {
  const std::uint32_t first_spawned = arrivals_ + 1;
  Lane& lane = *row_.lane;
  runs_.begin(report, slots_.size());
  store_.append_drain(Event::kDrainStarted, now());
  const RowEnd end = run_jobs_of_row(std::min(lane.ready.size(), row_.slots.room()));
  if (end.broken_by == nullptr) {
    if (row_.slots.ended == slots_.size()) return write_all(report);
    write_ended();
  }
  drain.emplace(options, of_lane, &report);
  drain_on(*drain, first_spawned, end);
}

// Not inline: a single job is to pay for none of it.
[[gnu::noinline]] void Engine::drain_on(Drain& drain, std::uint32_t first_spawned,
                                        const RowEnd& end) {
  drain.first_spawned = first_spawned;
  if (end.broken_by != nullptr) {
    finish_run(drain, slots_.entry_of(*end.broken_by), *row_.lane, end.result);
  }
  run_to_end(drain);
}

// How many jobs may be in the row that begins with the next one; 0: none, since the drain or the
// journal has to look at each.
std::size_t Engine::begin_row(const Drain& drain) {
  if (drain.lanes_seen != lanes_.size() || drain.filters || drain.report == nullptr ||
      drain.options.deliveries != 1 || !recurring_.empty() || store_.is_watched()) {
    return 0;
  }
  Lane& lane = *drain.only_lane;
  const SlotTable::Entry job = slots_.find_entry(lane.ready.front());
  if (job.slot == nullptr || !may_be_in_row(*job.slot)) return 0;
  row_.begin(slots_.neighbours_from(job), lane);
  return std::min(lane.ready.size(), row_.slots.room());
}

// The books of the jobs of the row that have ended.
void Engine::write_ended() {
  const std::size_t ended = row_.slots.ended;
  if (ended == 0) return;
  const std::uint64_t first_id = row_.lane->ready.front();
  const std::int64_t at = now();
  if (row_.sites.is_one(ended)) {
    store_.append_runs(at, {first_id, 0, row_.sites.front()}, static_cast<std::uint32_t>(ended));
  } else {
    store_.append_varied_runs(at, first_id, row_.sites.first(ended));
  }
  runs_.add_row(row_, store_.sites);
  row_.lane->ready.pop_front(ended);
  row_.lane->live -= ended;
  slots_.finish_ended(row_.slots);
}

// Before anybody looks: the same, and those of the one that is running.
void Engine::settle_row() {
  write_ended();
  row_.lane->ready.pop_front();
  begin_run(slots_.entry_of(*row_.slots.slot()), *row_.lane);
}

}  // namespace drydock::internal
