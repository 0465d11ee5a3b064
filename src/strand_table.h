// The strands that have a job queued or running, and the jobs that wait for their turn behind it.
#ifndef DRYDOCK_SRC_STRAND_TABLE_H_
#define DRYDOCK_SRC_STRAND_TABLE_H_

#include <cstddef>
#include <unordered_map>

#include "drydock/job.h"
#include "src/job_list.h"

namespace drydock::internal {

// Not thread-safe. Does not own its nodes.
class StrandTable {
 public:
  // True: the strand was idle, and the caller queues the job, which has the turn. False: the job
  // waits here.
  bool start_or_wait(const void* strand, QueuedJob* node) {
    const auto [entry, idle] = waiting_.try_emplace(strand);
    if (idle) return true;
    entry->second.push_back(node);
    ++waiting_count_;
    return false;
  }

  // The job that had the turn is gone. Returns the next, for the caller to queue; null: the strand
  // is idle now.
  QueuedJob* finish_turn(const void* strand) {
    const auto entry = waiting_.find(strand);
    QueuedJob* const next = entry->second.pop_front();
    if (next == nullptr) {
      waiting_.erase(entry);
    } else {
      --waiting_count_;
    }
    return next;
  }

  QueuedJob* remove(JobId id) {
    for (auto& [strand, jobs] : waiting_) {
      if (QueuedJob* const node = jobs.remove(id)) {
        --waiting_count_;
        return node;
      }
    }
    return nullptr;
  }

  bool idle(const void* strand) const { return waiting_.find(strand) == waiting_.end(); }
  std::size_t waiting_count() const { return waiting_count_; }

  template <class Visit>
  void for_each_waiting(Visit&& visit) const {
    for (const auto& [strand, jobs] : waiting_) jobs.for_each(visit);
  }

 private:
  std::unordered_map<const void*, JobList> waiting_;
  std::size_t waiting_count_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_STRAND_TABLE_H_
