// Jobs that run again and again, until they are cancelled.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/misuse_error.h"
#include "src/engine.h"

namespace drydock::internal {

JobId Engine::submit_every(int lane, JobOptions options, absl::Duration period, RecurringBody body,
                           SourceLocation where) {
  if (period <= absl::ZeroDuration()) {
    throw MisuseError("drydock: submit_every() at " + where.to_string() + " with a period of " +
                      absl::FormatDuration(period) +
                      " would never let a drain end. Pass a period above zero.");
  }
  if (!body) {
    throw std::invalid_argument(
        "drydock: submit_every() at " + where.to_string() +
        " was given an empty job. Pass a callable that takes no arguments.");
  }
  if (options.delay <= absl::ZeroDuration()) options.delay = period;
  const JobId id = job_ids_.next();
  // What the slot holds in its place: the body has to outlive each run.
  SubmittedJob job(id, std::move(options), Job([] {}), where);
  {
    const MutexLock lock(store_.mutex);
    recurring_[id.value()] = {std::make_shared<RecurringBody>(std::move(body)),
                              absl::ToInt64Nanoseconds(period)};
  }
  submit(lane, std::move(job));
  return id;
}

// A recurring job that is behind its time goes before what became due after it.
void Engine::sort_line(Lane& lane) {
  std::vector<Place> places;
  for (; !lane.ready.empty(); lane.ready.pop_front()) {
    const Slot* slot = slots_.find(lane.ready.front());
    if (slot != nullptr) places.push_back(slot->place());
  }
  std::sort(places.begin(), places.end());
  for (const Place& place : places) lane.ready.push_back(place.id);
}

bool Engine::queue_again(Slot& slot) {
  const auto found = recurring_.find(slot.id().value());
  if (found == recurring_.end()) return false;
  slots_.restart(slot);
  Lane& base = *lanes_[lanes_[slot.lane]->base];
  slot.lane = static_cast<std::uint16_t>(base.base);
  slot.sequence = ++arrivals_;
  slot.set_due(saturating_add(slot.due(), found->second.period));
  ++base.live;
  if (slot.due() <= now()) {
    line_up(slot);
    sort_line(*lanes_[slot.lane]);
  } else {
    base.push_delayed(slot.place());
  }
  store_.append(Event::kSubmitted, now(), subject_of(slot));
  return true;
}

}  // namespace drydock::internal
