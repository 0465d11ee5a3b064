// The jobs that are due, in another order than the one they came in: newest first, or shuffled.
#ifndef DRYDOCK_SRC_RANKING_H_
#define DRYDOCK_SRC_RANKING_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "drydock/drain.h"
#include "src/slot_table.h"

namespace drydock::internal {

// A job that is shuffled draws its rank from the seed and its id: then one that comes later does
// not change the order of the others.
inline std::uint64_t shuffled_rank(std::uint64_t seed, std::uint64_t id) {
  std::uint64_t mixed = seed * 0x9e3779b97f4a7c15U + id;  // splitmix64
  for (int round = 0; round < 2; ++round) {
    mixed += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31U;
  }
  return mixed;
}

// A job of a strand is ranked when the one before it is gone.
class Ranking {
 public:
  explicit Ranking(DrainOrder order) : order_(order) {}

  // Jobs of a strand are added in their order.
  void add(const Place& place, const void* strand) {
    if (strand != nullptr) {
      const auto [line, first] = strands_.try_emplace(strand);
      if (!first) {
        line->second.push_back(place);
        return;
      }
    }
    push({rank_of(place), place, strand});
  }

  // The best-ranked; empty: there is none.
  std::optional<Place> top() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().place;
  }

  // Takes it out, and ranks the next of its strand.
  void pop() {
    std::pop_heap(heap_.begin(), heap_.end(), worse);
    const void* const strand = heap_.back().strand;
    heap_.pop_back();
    if (strand == nullptr) return;
    const auto line = strands_.find(strand);
    if (line->second.empty()) {
      strands_.erase(line);
      return;
    }
    const Place next = line->second.front();
    line->second.pop_front();
    push({rank_of(next), next, strand});
  }

  bool has_strands() const { return !strands_.empty(); }

  // Everything that is left.
  std::vector<Place> take_all() {
    std::vector<Place> places;
    for (const Ranked& ranked : heap_) places.push_back(ranked.place);
    for (const auto& [strand, line] : strands_)
      places.insert(places.end(), line.begin(), line.end());
    heap_.clear();
    strands_.clear();
    return places;
  }

 private:
  struct Ranked {
    std::uint64_t rank;
    Place place;
    const void* strand;
  };

  // The greater, the sooner; ties go to the later place.
  std::uint64_t rank_of(const Place& place) const {
    return order_.kind() == DrainOrder::kShuffle ? shuffled_rank(order_.seed(), place.id) : 0;
  }
  static bool worse(const Ranked& a, const Ranked& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.place < b.place;
  }
  void push(const Ranked& ranked) {
    heap_.push_back(ranked);
    std::push_heap(heap_.begin(), heap_.end(), worse);
  }

  DrainOrder order_;
  std::vector<Ranked> heap_;
  // Of each strand that has a job in the heap: the jobs behind it.
  std::unordered_map<const void*, std::deque<Place>> strands_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RANKING_H_
