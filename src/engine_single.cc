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

// Whether a drain runs all that is due, once each and oldest first.
[[gnu::always_inline]] inline bool Engine::is_plain(const DrainOptions& options) const {
  // Mostly it was asked for nothing.
  if (&options == &DrainOptions::kDefaults) return default_order_.kind() == DrainOrder::kFifo;
  return options.only.empty() && options.run_spawned && options.deliveries == 1 &&
         order_of(options).kind() == DrainOrder::kFifo;
}

// Whether the drain will run the one job that is pending, and has not to look at it closely. The
// row is of that job then.
[[gnu::always_inline]] inline bool Engine::begin_single(const DrainOptions& options,
                                                        std::optional<int> lane) {
  if (slots_.size() != 1 || has_inline_lanes_ || (!lane && lanes_.size() != 1) ||
      !is_plain(options) || !recurring_.empty() || !held_.empty() || store_.is_watched()) {
    return false;
  }
  Lane& only = *lanes_[lane.value_or(0)];
  if (only.ready.size() != 1) return false;
  const SlotTable::Entry job = slots_.find_entry(only.ready.front());
  if (job.slot == nullptr || !may_be_in_row(*job.slot)) return false;
  row_.begin(slots_.neighbours_from(job), only);
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

[[gnu::always_inline]] inline bool Engine::drain_single(const DrainOptions& options,
                                                        std::optional<int> lane,
                                                        DrainReport& report,
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
  drain_on(*drain, first_spawned, slot, only, result);
  return true;
}

// Where there is more to do than to write the books of the job.
[[gnu::noinline]] void Engine::drain_on(Drain& drain, std::uint32_t first_spawned, Slot& slot,
                                        const Lane& lane, const JobResult& result) {
  prepare(drain);
  drain.first_spawned = first_spawned;
  finish_run(drain, slots_.entry_of(slot), lane, result);
  run_to_end(drain);
}

DrainReport Engine::drain(const DrainOptions& options, std::optional<int> lane, const char* call) {
  refuse_unless_driver(call);
  refuse_unless_valid(options, call);
  DrainReport report;
  std::optional<Drain> drain;  // destroyed after the mutex is released
  const Driving driving(*this);
  const MutexLock lock(store_.mutex);
  if (drain_single(options, lane, report, drain)) return report;
  drain.emplace(options, lane, &report);
  begin(*drain);
  run_to_end(*drain);
  return report;
}

}  // namespace drydock::internal
