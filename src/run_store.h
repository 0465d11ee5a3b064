// Keeps the memory of a report for the next drain: most of what a drain would cost is making a
// `JobRun` with a name for each job.
#ifndef DRYDOCK_SRC_RUN_STORE_H_
#define DRYDOCK_SRC_RUN_STORE_H_

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "drydock/drain.h"
#include "drydock/single_threaded.h"

namespace drydock::internal {

// Lent by an engine to one report at a time; the report, which any thread may destroy, gives it
// back. Who comes last of the two deletes it.
class RunStore {
 public:
  struct GiveBack {
    void operator()(RunStore* store) const {
      if (store->exchange(kIdle) == kOrphaned) delete store;
    }
  };
  using Loan = std::unique_ptr<RunStore, GiveBack>;

  // On the thread that drives the engine. Null: it is lent.
  Loan borrow() {
    if (state_.load(std::memory_order_acquire) != kIdle) return nullptr;
    state_.store(kLent, std::memory_order_relaxed);
    return Loan(this);
  }

  // Called by the engine, which then forgets it.
  void release() {
    if (exchange(kOrphaned) == kIdle) delete this;
  }

  // For who has borrowed it: runs to write over, with their names in place.
  std::vector<JobRun> spare;

 private:
  enum State { kIdle, kLent, kOrphaned };

  State exchange(State state) {
    if (!single_threaded()) return state_.exchange(state, std::memory_order_acq_rel);
    const State old = state_.load(std::memory_order_relaxed);
    state_.store(state, std::memory_order_relaxed);
    return old;
  }

  std::atomic<State> state_{kIdle};
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUN_STORE_H_
