// A drain of one job, which is what most tests do: submit, drain, look.
//
// It is a row of one (src/engine_row.cc): the mutex is lent while the job runs, and if nobody takes
// it, the books are written in one go. Nothing comes after the job then, so that nothing is kept
// for what does.

#include <cstdint>
#include <optional>

#include "drydock/drain.h"
#include "src/engine.h"

namespace drydock::internal {

// Whether the drain will run the one job that is pending, and has not to look at it closely. The
// row is of that job then.
[[gnu::always_inline]] inline bool Engine::begin_single(const DrainOptions& options,
                                                        std::optional<int> lane) {
  if (slots_.size() != 1 || has_inline_lanes_ || (!lane && lanes_.size() != 1) ||
      !options.only.empty() || !options.run_spawned || options.deliveries != 1 ||
      order_of(options).kind() != DrainOrder::kFifo || !recurring_.empty() || !held_.empty() ||
      store_.is_watched()) {
    return false;
  }
  Lane& only = *lanes_[lane.value_or(0)];
  if (only.ready.size() != 1) return false;
  const SlotTable::Entry job = slots_.find_entry(only.ready.front());
  if (job.slot == nullptr || !may_be_in_row(*job.slot)) return false;
  row_.begin(slots_.neighbours_from(job), only);
  return true;
}

bool Engine::drain_single(const DrainOptions& options, std::optional<int> lane, DrainReport& report,
                          std::optional<Drain>& drain) {
  if (!begin_single(options, lane)) return false;
  const std::uint32_t first_spawned = arrivals_ + 1;
  store_.append_drain(Event::kDrainStarted, now());
  Lane& only = *row_.lane;
  Slot& slot = *row_.slots.slot();
  only.running_since = ticks_.tick();
  store_.mutex.lend();
  const JobResult result = slot.run_here();
  const bool alone = store_.mutex.take_back();
  if (alone && !result.error && result.leaked_slot == nullptr) {
    write_single(slot, only, report);
    return true;
  }
  if (alone) settle_row();
  drain.emplace(options, lane, &report);
  prepare(*drain);
  drain->first_spawned = first_spawned;
  finish_run(*drain, slots_.entry_of(slot), only, result);
  run_to_end(*drain);
  return true;
}

// The books of the job, which has ended, and of the drain.
[[gnu::always_inline]] inline void Engine::write_single(Slot& slot, Lane& lane,
                                                        DrainReport& report) {
  store_.append_only_run(now(), {slot.id().value(), 0, slot.site()});
  runs_.write_single(report.runs, slot, lane, store_.sites);
  report.leaves_runs_ = true;
  lane.ready.pop_front();
  --lane.live;
  const SlotTable::Entry job{&slot, row_.slots.block};
  slots_.start(job);
  slots_.finish(job);
}

}  // namespace drydock::internal
