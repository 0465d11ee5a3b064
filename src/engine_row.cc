// Rows: jobs in line that differ in their ids alone, as a loop submits them.
//
// Around the run of one job the engine writes some twenty places under its mutex. Of a row it
// counts the jobs that have ended, and lends the mutex while one runs. Who takes it (the job
// itself, when it submits, or another thread that looks at the journal) has the books written up to
// the job that is running; it goes on like any other, and the row is over.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "src/engine.h"

namespace drydock::internal {

void Engine::run_row(Drain& drain) {
  const std::size_t length = begin_row(drain);
  if (length == 0) return;
  Lane& lane = *row_lane_;
  Slot* slot = row_.slot();
  const std::uint32_t site = slot->site();
  const std::int64_t due = slot->due();
  std::size_t ended = 0;
  do {
    lane.running_since = ticks_.tick();
    store_.mutex.lend();
    const JobResult result = slot->run_here();
    const bool alone = store_.mutex.take_back();
    if (!alone || result.error || result.leaked_slot != nullptr) {
      if (alone) settle_row();
      finish_run(drain, slots_.entry_of(*slot), lane, result);
      drain.broken_rows = ended == 0 ? drain.broken_rows + 1 : 0;
      return;
    }
    slot->~Slot();
    ++slot;
    row_.ended = ++ended;
  } while (ended != length && row_.is_pending(ended) && slot->id().value() == lane.ready[ended] &&
           slot->site() == site && slot->due() == due && may_be_in_row(*slot));
  write_ended();
}

// How many jobs may be in the row that begins with the next one; 0: none, since the drain or the
// journal has to look at each.
std::size_t Engine::begin_row(const Drain& drain) {
  if (drain.only_lane == nullptr || drain.lanes_seen != lanes_.size() || drain.filters ||
      drain.report == nullptr || drain.options.deliveries != 1 || !recurring_.empty()) {
    return 0;
  }
  Lane& lane = *drain.only_lane;
  const SlotTable::Entry job = slots_.find_entry(lane.ready.front());
  if (job.slot == nullptr || !may_be_in_row(*job.slot)) return 0;
  row_lane_ = &lane;
  row_ = slots_.row_of(job);
  const std::size_t in_journal = store_.repeatable_runs(now(), subject_of(*job.slot));
  return std::min({lane.ready.size(), row_.room(), in_journal});
}

// The books of the jobs of the row that have ended.
void Engine::write_ended() {
  const std::size_t ended = row_.ended;
  store_.repeat_runs(static_cast<std::uint32_t>(ended));
  runs_.repeat(ended);
  row_lane_->ready.pop_front(ended);
  row_lane_->live -= ended;
  slots_.finish_ended(row_);
}

// Before anybody looks: the same, and those of the one that is running.
void Engine::settle_row() {
  write_ended();
  row_lane_->ready.pop_front();
  begin_run(slots_.entry_of(*row_.slot()), *row_lane_);
}

}  // namespace drydock::internal
