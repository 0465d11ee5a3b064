// Keeps the memory of a report for the next drain: most of what a drain would cost is making a
// `JobRun` with a name for each job.
#ifndef DRYDOCK_SRC_RUN_STORE_H_
#define DRYDOCK_SRC_RUN_STORE_H_

#include <atomic>
#include <utility>
#include <vector>

#include "drydock/drain.h"

namespace drydock::internal {

// Thread-safe. Shared by an engine and its reports. Who finds it in use goes without.
class RunStore {
 public:
  // Runs to write over, with their names in place.
  std::vector<JobRun> take() {
    std::vector<JobRun> runs;
    if (in_use_.exchange(true, std::memory_order_acquire)) return runs;
    runs.swap(spare_);
    in_use_.store(false, std::memory_order_release);
    return runs;
  }

  // Runs that succeeded, and that nobody reads any more.
  void give_back(std::vector<JobRun>& runs) {
    if (in_use_.exchange(true, std::memory_order_acquire)) return;
    if (runs.size() > spare_.size()) runs.swap(spare_);
    in_use_.store(false, std::memory_order_release);
  }

 private:
  std::atomic<bool> in_use_{false};
  std::vector<JobRun> spare_;  // of who has set in_use_
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUN_STORE_H_
