// How the simulated clock moves, and what runs on its way.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "drydock/misuse_error.h"
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

std::int64_t Engine::next_due(Lane& lane) {
  while (!lane.delayed.empty() && slots_.find(lane.delayed.front().id) == nullptr) {
    lane.pop_delayed();  // cancelled
  }
  return lane.delayed.empty() ? kNever : lane.delayed.front().due;
}

std::int64_t Engine::next_due(const Drain& drain) {
  std::int64_t earliest = kNever;
  for (const auto& lane : lanes_) {
    if (takes_part(drain, *lane)) earliest = std::min(earliest, next_due(*lane));
  }
  return earliest;
}

std::int64_t Engine::next_own_due(const Drain& drain) {
  return drain.lane ? next_due(*lanes_[*drain.lane]) : next_due(drain);
}

// Each due time on the way, then the end.
std::optional<std::int64_t> Engine::stop_before_end(const Drain& drain, Advance& advance) {
  if (advance.arrived) return std::nullopt;
  const std::int64_t due = next_due(drain);
  if (due <= advance.end) return due;
  advance.arrived = true;
  return advance.end;
}

// The due times of inline jobs on the way, then that of a job of the drain's own.
std::optional<std::int64_t> Engine::stop_before_next(const Drain& drain, Advance& advance) {
  const std::int64_t own = next_own_due(drain);
  if (advance.arrived || own == kNever) return std::nullopt;
  const std::int64_t due = next_due(drain);
  advance.arrived = due == own;
  return due;
}

std::uint64_t Engine::last_to_come(const Drain& drain) {
  std::uint64_t last = 0;
  std::int64_t last_due = now();
  for (const auto& lane : lanes_) {
    if (!is_own(drain, *lane)) continue;
    for (const Place& place : lane->delayed) {
      if (place.due <= last_due || place.due == kNever || recurring_.contains(place.id)) continue;
      const Slot* const slot = slots_.find(place.id);
      if (slot == nullptr || left_aside(drain, *slot)) continue;
      last = place.id;
      last_due = place.due;
    }
  }
  return last;
}

// Each due time on the way to a job that is not recurring. The last of them is looked up, and not
// the next: so that they are searched once for all that are due before it.
std::optional<std::int64_t> Engine::stop_before_idle(Drain& drain) {
  std::uint64_t& awaited = drain.extras->awaited;
  const Slot* const slot = slots_.find(awaited);
  if (slot == nullptr || slot->due() <= now()) awaited = last_to_come(drain);
  if (awaited == 0) return std::nullopt;
  return next_due(drain);
}

std::optional<std::int64_t> Engine::next_stop(Drain& drain, Advance& advance) {
  switch (advance.kind) {
    case Advance::kToEnd:
      return stop_before_end(drain, advance);
    case Advance::kToNext:
      return stop_before_next(drain, advance);
    case Advance::kUntilIdle:
      return stop_before_idle(drain);
  }
  return std::nullopt;
}

namespace {

// The end of the clock's range is for what is never due.
std::int64_t end_of(absl::Time now, absl::Duration duration) {
  return std::min(absl::ToUnixNanos(now + duration), kNever - 1);
}

}  // namespace

DrainReport Engine::advance_by(absl::Duration duration, const DrainOptions& options,
                               std::optional<int> lane) {
  refuse_unless_driver("advance_by()");
  refuse_unless_valid(options, "advance_by()");
  if (duration < absl::ZeroDuration()) {
    throw MisuseError("drydock: advance_by(" + absl::FormatDuration(duration) +
                      ") would turn the simulated clock back. Pass how far it moves forward.");
  }
  if (duration == absl::InfiniteDuration()) {
    throw MisuseError(
        "drydock: advance_by(inf) would move the simulated clock to a time that never comes. Call "
        "advance_until_idle(), which stops at the last job's due time, or pass a finite "
        "duration.");
  }
  return advance({.kind = Advance::kToEnd, .end = end_of(clock_.now(), duration)}, options, lane);
}

DrainReport Engine::advance_to_next(const DrainOptions& options, std::optional<int> lane) {
  refuse_unless_driver("advance_to_next()");
  refuse_unless_valid(options, "advance_to_next()");
  return advance({.kind = Advance::kToNext}, options, lane);
}

DrainReport Engine::advance_until_idle(const DrainOptions& options, std::optional<int> lane) {
  refuse_unless_driver("advance_until_idle()");
  refuse_unless_valid(options, "advance_until_idle()");
  return advance({.kind = Advance::kUntilIdle}, options, lane);
}

}  // namespace drydock::internal
