// How the simulated clock moves, and what runs on its way.

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/time/time.h"
#include "drydock/misuse_error.h"
#include "src/driving.h"
#include "src/engine.h"

namespace drydock::internal {

void Engine::set_clock(std::int64_t now) {
  clock_.move_to(now);
  // By number: lining a job up can add a lane.
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    while (!lane.delayed.empty() && lane.delayed.front().due <= now) {
      Slot* slot = slots_.find(lane.pop_delayed().id);
      if (slot != nullptr) line_up(*slot);
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
  Drain drain(options, std::nullopt, &report);
  const Driving driving(*this);
  const MutexLock lock(store_.mutex);
  begin(drain);
  run_due(drain);
  while (!drain.reached_limit()) {
    const std::optional<std::int64_t> due = next_due();
    if (!due || *due > end) break;
    set_clock(*due);
    store_.append(Event::kClockAdvanced, now(), {});
    run_due(drain);
    if (once) break;
  }
  if (!once && !drain.reached_limit()) {
    set_clock(end);
    store_.append(Event::kClockAdvanced, now(), {});
  }
  complete(drain);
  return report;
}

DrainReport Engine::advance_by(absl::Duration duration, const DrainOptions& options) {
  refuse_unless_driver("advance_by()");
  refuse_unless_valid(options, "advance_by()");
  if (duration < absl::ZeroDuration()) {
    throw MisuseError("drydock: advance_by(" + absl::FormatDuration(duration) +
                      ") would turn the simulated clock back. Pass how far it moves forward.");
  }
  const absl::Time end = clock_.now() + duration;
  return advance_until(absl::ToUnixNanos(end), options, /*once=*/false);
}

DrainReport Engine::advance_to_next(const DrainOptions& options) {
  refuse_unless_driver("advance_to_next()");
  refuse_unless_valid(options, "advance_to_next()");
  return advance_until(std::numeric_limits<std::int64_t>::max(), options, /*once=*/true);
}

}  // namespace drydock::internal
