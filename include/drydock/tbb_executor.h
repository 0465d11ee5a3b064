// An executor over oneTBB: jobs run in a `tbb::task_arena`, beside the program's parallel loops.
//
//   tbb::task_arena arena(4);
//   drydock::TbbExecutor executor(arena, {.name = "render"});
//   executor.submit([&image] { tbb::parallel_for(...); });      // within the arena
//
// Use it where the program has its threads from oneTBB and a second pool beside them would be too
// many. oneTBB promises no order: where jobs must not overtake each other, put a `SerialExecutor`
// on this one; where they should start in order, take a `ThreadPoolExecutor`. It also starts one
// thread less than the machine has processors (tbb::global_control changes that), so that jobs that
// wait for each other may wait for ever.
#ifndef DRYDOCK_TBB_EXECUTOR_H_
#define DRYDOCK_TBB_EXECUTOR_H_

#include <oneapi/tbb/task_arena.h>

#include "drydock/adapted_executor.h"
#include "drydock/job.h"

namespace drydock {

// See `AdaptedExecutor` for how it waits, cancels and ends. Delays have a thread of their own.
class TbbExecutor final : public AdaptedExecutor {
 public:
  // `arena` is destroyed after this. The name is "tbb" unless `options` has one.
  explicit TbbExecutor(oneapi::tbb::task_arena& arena, AdapterOptions options = {});
  ~TbbExecutor() override;

 protected:
  void hand_over(Job job) override;

 private:
  oneapi::tbb::task_arena& arena_;
};

}  // namespace drydock

#endif  // DRYDOCK_TBB_EXECUTOR_H_
