// A drain, which in most tests runs what stands in one line, and of that mostly one job: submit,
// drain, look.
//
// One job is a row of one (src/engine_row.cc): the mutex is lent while the job runs, and if nobody
// takes it, the books are written in one go. Nothing comes after the job then, so that nothing is
// kept for what does. Several are a row too; only where more is to be run than that, the drain
// makes what it needs for it.

#include <cstdint>
#include <optional>
#include <utility>

#include "drydock/drain.h"
#include "src/engine.h"

namespace drydock::internal {

// Whether a drain runs all that is due, once each and oldest first.
[[gnu::always_inline]] inline bool Engine::is_plain(const DrainOptions& options) const {
  // Mostly it was asked for nothing.
  if (&options == &DrainOptions::kDefaults) [[likely]] {
    return default_order_.kind() == DrainOrder::kFifo;
  }
  return options.only.empty() && options.run_spawned && options.deliveries == 1 &&
         order_of(options).kind() == DrainOrder::kFifo;
}

// Whether all that the simulation holds stands in the line of that drain, and the first of it need
// not be looked at closely. A row begins with that job then.
[[gnu::always_inline]] inline bool Engine::begin_plain(const DrainOptions& options,
                                                       std::optional<int> lane) {
  if (slots_.size() == 0 || has_inline_lanes_ || (!lane && lanes_.size() != 1) ||
      !is_plain(options) || !recurring_.empty() || !held_.empty() || store_.is_watched()) {
    return false;
  }
  Lane& only = *lanes_[lane.value_or(0)];
  if (only.ready.size() != slots_.size()) return false;
  const SlotTable::Entry job = slots_.find_entry(only.ready.front());
  if (job.slot == nullptr || !may_be_in_row(*job.slot)) return false;
  row_.begin(slots_.neighbours_from(job), only);
  return true;
}

// The books of the job, which has ended, and of the drain.
[[gnu::always_inline]] inline void Engine::write_single(Slot& slot, Lane& lane,
                                                        DrainReport& report) {
  store_.append_all_runs(now(), {slot.id().value(), 0, slot.site()}, 1);
  runs_.write_single(report.runs, slot, lane, store_.sites);
  report.leaves_runs_ = true;
  lane.ready.pop_front();
  --lane.live;
  const SlotTable::Entry job{&slot, row_.slots.block};
  slots_.start(job);
  slots_.finish(job);
}

[[gnu::always_inline]] inline void Engine::drain_single(const DrainOptions& options,
                                                        std::optional<int> lane,
                                                        DrainReport& report,
                                                        std::optional<Drain>& drain) {
  const std::uint32_t first_spawned = arrivals_ + 1;
  store_.append_drain(Event::kDrainStarted, now());
  Lane& only = *row_.lane;
  Slot& slot = *row_.slots.slot();
  only.running_since = ticks_.tick();
  store_.mutex.lend();
  JobResult result = slot.run_here();
  const bool alone = store_.mutex.take_back();
  if (alone && !result.error && result.leaked_slot == nullptr) {
    return write_single(slot, only, report);
  }
  if (alone) settle_row();
  runs_.begin(report, slots_.size());
  drain.emplace(options, lane, &report);
  drain_on(*drain, first_spawned, {&slot, std::move(result)});
}

DrainReport Engine::drain(const DrainOptions& options, std::optional<int> lane, const char* call) {
  refuse_unless_driver(call);
  refuse_unless_valid(options, call);
  DrainReport report;
  std::optional<Drain> drain;  // destroyed after the mutex is released
  const Driving driving(*this);
  const MutexLock lock(store_.mutex);
  if (!begin_plain(options, lane)) {
    drain.emplace(options, lane, &report);
    begin(*drain);
    run_to_end(*drain);
  } else if (slots_.size() == 1) {
    drain_single(options, lane, report, drain);
  } else {
    drain_row(options, lane, report, drain);
  }
  return report;
}

}  // namespace drydock::internal
