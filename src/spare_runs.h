// Keeps the memory of a report for the next drain: most of what a drain would cost is making a
// `JobRun` with a name for each job.
#ifndef DRYDOCK_SRC_SPARE_RUNS_H_
#define DRYDOCK_SRC_SPARE_RUNS_H_

#include <memory>
#include <utility>
#include <vector>

#include "drydock/drain.h"

namespace drydock::internal {

// The calling thread's: the report that it destroys leaves its runs here, and the drain that it
// starts next writes over them. Without an atomic operation, since a drain of one job has hardly
// time for it.
class SpareRuns {
 public:
  // Into `runs`, which are empty; with their names in place. They stay empty: there are none.
  static void take(std::vector<JobRun>& runs) {
    if (spare_ != nullptr) [[likely]] {
      runs.swap(*spare_);
    }
  }

  // Keeps the larger ones.
  static void give(std::vector<JobRun>& runs) {
    if (spare_ == nullptr && !make()) [[unlikely]] {
      return;
    }
    if (spare_->empty() || runs.size() > spare_->size()) runs.swap(*spare_);
  }

  // Frees the memory.
  static void drop() {
    if (spare_ != nullptr) std::vector<JobRun>().swap(*spare_);
  }

 private:
  // Ends with the thread.
  struct Owner {
    Owner() { spare_ = &runs; }
    ~Owner() {
      spare_ = nullptr;
      ended_ = true;
    }
    std::vector<JobRun> runs;
  };

  // False: the thread ends, and keeps nothing.
  [[gnu::noinline]] static bool make();

  static inline constinit thread_local std::vector<JobRun>* spare_ = nullptr;
  static inline constinit thread_local bool ended_ = false;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SPARE_RUNS_H_
