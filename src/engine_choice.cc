// Which job of a drain runs next.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

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
  const bool spawned = is_spawned(drain, slot);
  const char* what = nullptr;
  std::size_t limit = 0;
  const char* option = "";
  if (is_inline) {
    if (!spawned || drain.inline_spawned_runs < most_inline_spawned_) return false;
    what = "inline jobs had submitted ";
    limit = most_inline_spawned_;
    option = " more inline jobs in one go";
  } else if (spawned && drain.spawned_runs >= drain.options.max_spawned) {
    what = "its own jobs had submitted ";
    limit = drain.options.max_spawned;
    option = " more (DrainOptions::max_spawned)";
  } else if (slot.generation() > drain.options.max_generation) {
    what = "a job had ";
    limit = static_cast<std::size_t>(drain.options.max_generation);
    option = " submitters above it (DrainOptions::max_generation)";
  } else {
    return false;
  }
  absl::Status& reached = drain.make_extras().limit;
  reached = runaway_status(what + std::to_string(limit) + option, slot, is_inline);
  add_finding_locked({Finding::kRunaway, std::string(reached.message()), slot.id(), slot.where()});
  return true;
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
    if (slot == nullptr || over_limit(drain, *slot)) return nullptr;
    drain.ranking()->pop();
    return slot;
  }
  if (slot == nullptr) slot = first_of(drain, Lane::kDeferred);
  if (slot == nullptr || over_limit(drain, *slot)) return nullptr;
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
