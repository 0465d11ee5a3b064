// Where the inline jobs of a strand stand: all in the lane of one thread, until the last has run.
#ifndef DRYDOCK_SRC_INLINE_STRANDS_H_
#define DRYDOCK_SRC_INLINE_STRANDS_H_

#include <cstddef>
#include <unordered_map>

namespace drydock::internal {

class InlineStrands {
 public:
  // A job of the strand is due, and would go into `lane`; the one that it goes into.
  int enter(const void* strand, int lane) {
    Place& place = places_.try_emplace(strand, Place{lane, 0}).first->second;
    ++place.jobs;
    return place.lane;
  }
  // It has run, or will not.
  void leave(const void* strand) {
    const auto found = places_.find(strand);
    if (found != places_.end() && --found->second.jobs == 0) places_.erase(found);
  }
  void clear() { places_.clear(); }

 private:
  struct Place {
    int lane;
    std::size_t jobs;
  };
  std::unordered_map<const void*, Place> places_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_INLINE_STRANDS_H_
