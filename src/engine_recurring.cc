// Jobs that run again and again, until they are cancelled.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "src/engine.h"

namespace drydock::internal {

void Engine::submit_every(int lane, SubmittedJob&& first, absl::Duration period,
                          RecurringJob body) {
  {
    const MutexLock lock(store_.mutex);
    recurring_[first.id().value()] = {std::make_shared<RecurringJob>(std::move(body)),
                                      absl::ToInt64Nanoseconds(period)};
  }
  submit(lane, std::move(first));
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

bool Engine::queue_again(SlotTable::Entry job) {
  Slot& slot = *job.slot;
  const auto found = recurring_.find(slot.id().value());
  if (found == recurring_.end()) return false;
  slots_.restart(job, ticks_.tick());
  Lane& base = *lanes_[lanes_[slot.lane]->base];
  slot.lane = static_cast<std::uint16_t>(base.base);
  slot.sequence = ++arrivals_;
  slot.has_run = true;
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
