// An executor over asio: jobs run where an `io_context`, a `thread_pool` or a strand runs handlers.
//
//   asio::io_context io;
//   drydock::AsioExecutor executor(io.get_executor(), {.name = "network"});
//   SignupService signup(database, executor);
//   ...
//   io.run();                                      // handlers and jobs, on this thread
//
// Use it where the program has an event loop or a pool of asio's already. A program that has none
// takes a `ThreadPoolExecutor`. For the other direction, asio's own operations on an executor of
// drydock's, see drydock/asio_context.h; for `kind: asio` in a configuration, drydock/asio_kind.h.
#ifndef DRYDOCK_ASIO_EXECUTOR_H_
#define DRYDOCK_ASIO_EXECUTOR_H_

#include <chrono>

#include <asio/any_io_executor.hpp>

#include "absl/functional/any_invocable.h"
#include "drydock/adapted_executor.h"
#include "drydock/job.h"

namespace drydock {

// See `AdaptedExecutor` for how it waits, cancels and ends. Jobs start in the order in which the
// executor of asio starts handlers: of an `io_context` and a `thread_pool` in the order of their
// submits, of a strand one at a time. Delays are timers of asio's: a delayed job keeps
// `io_context::run()` from returning, as a waiting timer does, and one that is cancelled does not.
class AsioExecutor : public AdaptedExecutor {
 public:
  // Any executor of asio's that can be erased to `asio::any_io_executor`: those of `io_context`,
  // `thread_pool`, `system_context`, and strands on them. Its execution context is destroyed after
  // this, or, once it runs nothing any more, before: its jobs are then dropped. The name is "asio"
  // unless `options` has one.
  explicit AsioExecutor(asio::any_io_executor executor, AdapterOptions options = {});
  ~AsioExecutor() override;

 protected:
  void hand_over(Job job) override;
  absl::AnyInvocable<void()> call_at(std::chrono::steady_clock::time_point due, Job call) override;

 private:
  const asio::any_io_executor executor_;
};

}  // namespace drydock

#endif  // DRYDOCK_ASIO_EXECUTOR_H_
