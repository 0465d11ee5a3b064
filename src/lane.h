// The queue of one executor in a simulation: the jobs that are due, and those that wait for theirs.
#ifndef DRYDOCK_SRC_LANE_H_
#define DRYDOCK_SRC_LANE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "src/coarse_clock.h"
#include "src/ring.h"
#include "src/slot_table.h"
#include "src/thread_card.h"

namespace drydock::internal {

struct Lane {
  enum Kind { kDeferred, kInline };

  // `base_of`: null where this is a base lane.
  Lane(Kind lane_kind, std::string executor_name, std::thread::id on_thread, int base_lane,
       Lane* base_of = nullptr)
      : kind(lane_kind),
        executor(std::move(executor_name)),
        thread(on_thread),
        base(base_lane),
        live_in(base_of == nullptr ? this : base_of) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  Kind kind;
  std::string executor;
  // Inline lanes: the thread whose submits stand here; each thread runs its own.
  std::thread::id thread;
  // The lane that the executor was registered with; an inline lane of another thread refers to it.
  int base;
  Lane* const live_in;  // where its pending jobs are counted: the base
  std::shared_ptr<ThreadCard> card = ThreadCard::own();  // of the thread that made the lane
  CoarseTick running_since = 0;                          // of the job that runs; see SparingClock
  std::size_t live = 0;  // jobs that are pending, of a base lane and those that refer to it

  // Ids of jobs that are due, in the order of their places, among them ids of jobs that have been
  // cancelled.
  Ring<std::uint64_t> ready;
  // A heap with the earliest place on top.
  std::vector<Place> delayed;

  [[gnu::noinline]] void push_delayed(const Place& place) {
    delayed.push_back(place);
    std::push_heap(delayed.begin(), delayed.end(), later);
  }
  Place pop_delayed() {
    std::pop_heap(delayed.begin(), delayed.end(), later);
    const Place place = delayed.back();
    delayed.pop_back();
    return place;
  }

 private:
  static bool later(const Place& a, const Place& b) { return b < a; }
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LANE_H_
