// Which job of a drain runs next.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/engine.h"
#include "src/runaway.h"

namespace drydock::internal {

bool Engine::left_aside(const Drain& drain, const Slot& slot) const {
  if (!drain.options.run_spawned && is_spawned(drain, slot)) return true;
  const std::vector<std::string>& only = drain.options.only;
  return !only.empty() && std::find(only.begin(), only.end(), slot.name()) == only.end();
}

bool Engine::spawned_over_limit(Drain& drain, const Slot& slot) {
  const bool is_inline = lanes_[slot.lane]->kind == Lane::kInline;
  if (is_inline && !drain.until_idle) return inline_over_limit(drain, slot);
  // An inline job that comes again after a delay would else run ten million times before idle.
  const std::size_t spawned_runs =
      drain.spawned_runs + (drain.until_idle ? drain.inline_spawned_runs : 0);
  std::string limit;
  if (is_spawned(drain, slot) && spawned_runs >= drain.options.max_spawned) {
    limit = "its own jobs had submitted " + std::to_string(drain.options.max_spawned) +
            " more (DrainOptions::max_spawned)";
  } else if (!is_inline && slot.generation() > drain.options.max_generation) {
    limit = "a job had " + std::to_string(drain.options.max_generation) +
            " submitters above it (DrainOptions::max_generation)";
  } else {
    return false;
  }
  const Runaway of = drain.until_idle ? Runaway::kUntilIdle : Runaway::kDrain;
  stop_at(drain, slot, runaway_status(limit, slot, of));
  return true;
}

bool Engine::inline_over_limit(Drain& drain, const Slot& slot) {
  if (!is_spawned(drain, slot) || drain.inline_spawned_runs < most_inline_spawned_) return false;
  const std::string limit = "inline jobs had submitted " + std::to_string(most_inline_spawned_) +
                            " more inline jobs in one go";
  stop_at(drain, slot, runaway_status(limit, slot, Runaway::kInline));
  return true;
}

// Beside a job that is due on a far day, one that comes every millisecond would run nearly for
// ever.
bool Engine::recurring_over_limit(Drain& drain, const Slot& slot) {
  // What was queued before the drain always runs: here the first time that it comes.
  if (slot.sequence < drain.first_spawned) return false;
  const auto found = recurring_.find(slot.id().value());
  if (found == recurring_.end()) return false;
  if (drain.extras->recurring_runs++ < drain.options.max_spawned) return false;
  const Slot* const awaited = slots_.find(drain.extras->awaited);
  const std::string goal = awaited != nullptr
                               ? on_the_way_to(*awaited, absl::Nanoseconds(awaited->due() - now()))
                               : behind_the_clock(absl::Nanoseconds(now() - slot.due()));
  const absl::Duration period = absl::Nanoseconds(found->second.period);
  stop_at(drain, slot, recurring_status(drain.options.max_spawned, slot, period, goal));
  return true;
}

void Engine::stop_at(Drain& drain, const Slot& slot, absl::Status limit) {
  add_finding_locked({Finding::kRunaway, std::string(limit.message()), slot.id(), slot.where()});
  drain.make_extras().limit = std::move(limit);
}

// The first of all lanes of the kind, in the order of their places.
Slot* Engine::first_of(Drain& drain, Lane::Kind kind) {
  Slot* first = nullptr;
  for (const auto& lane : lanes_) {
    if (lane->kind != kind || lane->ready.empty() || !takes_part(drain, *lane)) continue;
    Slot* slot = head(drain, *lane).slot;
    if (slot != nullptr && (first == nullptr || slot->place() < first->place())) first = slot;
  }
  return first;
}

// A cancelled job that was the first of its strand would keep those behind it from their rank.
void Engine::rank_again(Drain& drain) {
  drain.extras->cancels_seen = cancels_;
  Ranking& ranking = *drain.ranking();
  if (!ranking.has_strands()) return;
  std::vector<Place> places = ranking.take_all();
  std::sort(places.begin(), places.end());
  for (const Place& place : places) {
    const Slot* slot = slots_.find(place.id);
    if (slot != nullptr) ranking.add(place, slot->strand());
  }
}

Slot* Engine::next_ranked(Drain& drain) {
  if (drain.extras->cancels_seen != cancels_) rank_again(drain);
  Ranking& ranking = *drain.ranking();
  for (const auto& lane : lanes_) {
    if (lane->kind != Lane::kDeferred || !takes_part(drain, *lane)) continue;
    while (Slot* slot = head(drain, *lane).slot) {
      ranking.add(slot->place(), slot->strand());
      lane->ready.pop_front();
    }
  }
  while (const std::optional<Place> top = ranking.top()) {
    Slot* slot = slots_.find(top->id);
    if (slot != nullptr) return slot;
    ranking.pop();  // cancelled
  }
  return nullptr;
}

Slot* Engine::next_of_several(Drain& drain) {
  Slot* slot = has_inline_lanes_ ? first_of(drain, Lane::kInline) : nullptr;
  if (slot == nullptr && drain.ranking() != nullptr) {
    slot = next_ranked(drain);
    if (slot == nullptr || over_any_limit(drain, *slot)) return nullptr;
    drain.ranking()->pop();
    return slot;
  }
  if (slot == nullptr) slot = first_of(drain, Lane::kDeferred);
  if (slot == nullptr || over_any_limit(drain, *slot)) return nullptr;
  lanes_[slot->lane]->ready.pop_front();
  return slot;
}

void Engine::put_back(Drain& drain) {
  if (drain.extras == nullptr) return;
  std::vector<Place>& places = drain.extras->set_aside;
  if (Ranking* const ranking = drain.ranking()) {
    const std::vector<Place> left = ranking->take_all();
    places.insert(places.end(), left.begin(), left.end());
  }
  if (places.empty()) return;
  std::sort(places.begin(), places.end());
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    const Slot* slot = slots_.find(place->id);
    if (slot != nullptr) lanes_[slot->lane]->ready.push_front(place->id);
  }
  places.clear();
}

}  // namespace drydock::internal
