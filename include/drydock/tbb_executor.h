// An executor over oneTBB: jobs run in a `tbb::task_arena`, beside the program's parallel loops.
//
//   tbb::task_arena arena(4);
//   drydock::TbbExecutor executor(arena, {.name = "render"});
//   executor.submit([&image] { tbb::parallel_for(...); });      // within the arena
//
// Use it where the program has its threads from oneTBB and a second pool beside them would be too
// many; else a `ThreadPoolExecutor`, which is bounded. oneTBB starts one thread less than the
// machine has processors, however large the arena is, unless a `tbb::global_control` allows more:
// jobs that wait for each other may wait for ever.
#ifndef DRYDOCK_TBB_EXECUTOR_H_
#define DRYDOCK_TBB_EXECUTOR_H_

#include <oneapi/tbb/task_arena.h>

#include <memory>

#include "drydock/adapted_executor.h"
#include "drydock/job.h"

namespace drydock {

// See `AdaptedExecutor` for how it waits, cancels and ends. Jobs start in the order of their
// submits, though oneTBB promises none for its tasks. Delays have a thread of their own.
class TbbExecutor final : public AdaptedExecutor {
 public:
  // `arena` is destroyed after this. The name is "tbb" unless `options` has one.
  explicit TbbExecutor(oneapi::tbb::task_arena& arena, AdapterOptions options = {});
  ~TbbExecutor() override;

 protected:
  void hand_over(Job job) override;

 private:
  class Queue;

  oneapi::tbb::task_arena& arena_;
  // Shared with the tasks that the arena has.
  const std::shared_ptr<Queue> queue_;
};

}  // namespace drydock

#endif  // DRYDOCK_TBB_EXECUTOR_H_
