// An executor over anything that runs closures: a pool, an event loop, a scheduler of your own.
//
//   drydock::FunctionExecutor executor(
//       [&pool](drydock::Job job) { pool.add(std::move(job)); }, {.name = "pool"});
//
// Use it where drydock has no adapter; docs/adapters.md has recipes for folly, BS::thread_pool, Qt,
// libuv, gRPC and Taskflow. For asio take `AsioExecutor`, which uses asio's timers for delays, for
// oneTBB `TbbExecutor`. Pools that copy what they run get a `CopyableJob`.
#ifndef DRYDOCK_FUNCTION_EXECUTOR_H_
#define DRYDOCK_FUNCTION_EXECUTOR_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "drydock/adapted_executor.h"
#include "drydock/job.h"

namespace drydock {

// See `AdaptedExecutor` for how it waits, cancels and ends. Delays have a thread of their own.
class FunctionExecutor final : public AdaptedExecutor {
 public:
  // `post` calls the job that it is given at most once, on any thread, then or later, and destroys
  // it. It is called from each thread that submits, from several at a time, without a lock. What it
  // throws, `submit` throws. Throws `std::invalid_argument` for an empty one. The name is
  // "function" unless `options` has one.
  explicit FunctionExecutor(absl::AnyInvocable<void(Job)> post, AdapterOptions options = {});
  ~FunctionExecutor() override;

 protected:
  void hand_over(Job job) override;

 private:
  absl::AnyInvocable<void(Job)> post_;
};

}  // namespace drydock

#endif  // DRYDOCK_FUNCTION_EXECUTOR_H_
