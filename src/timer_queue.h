// Jobs that wait for a point in time: a heap with the next one due on top, ties in submit order.
#ifndef DRYDOCK_SRC_TIMER_QUEUE_H_
#define DRYDOCK_SRC_TIMER_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "drydock/job.h"
#include "src/job_list.h"

namespace drydock::internal {

// Not thread-safe. Does not own its nodes.
class TimerQueue {
 public:
  struct Entry {
    absl::Duration due;  // see src/pool_clock.h
    QueuedJob* node;
  };

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  absl::Duration next_due() const { return heap_.front().due; }
  const std::vector<Entry>& entries() const { return heap_; }

  void push(absl::Duration due, QueuedJob* node) {
    heap_.push_back({due, node});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  QueuedJob* pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    QueuedJob* const node = heap_.back().node;
    heap_.pop_back();
    return node;
  }

  // Null where the job is not here. Looks at each one.
  QueuedJob* remove(JobId id) {
    const auto found = std::find_if(heap_.begin(), heap_.end(), [id](const Entry& entry) {
      return entry.node->job.id() == id;
    });
    if (found == heap_.end()) return nullptr;
    QueuedJob* const node = found->node;
    *found = heap_.back();
    heap_.pop_back();
    std::make_heap(heap_.begin(), heap_.end(), later);
    return node;
  }

 private:
  static bool later(const Entry& a, const Entry& b) {
    if (a.due != b.due) return a.due > b.due;
    return a.node->job.id() > b.node->job.id();
  }

  std::vector<Entry> heap_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TIMER_QUEUE_H_
