// asio on an executor of drydock's: handlers and coroutines of asio become jobs.
//
//   drydock::AsioContext context(executor);
//   asio::post(context, [] { ... });
//   asio::co_spawn(context, serve(), asio::detached);      // each resume is a job
//   asio::strand<drydock::AsioContext::executor_type> strand(context.get_executor());
//
// Use it where code is written for asio and is to run on drydock's pool in production, and under
// `drain()` in a test. For the other direction, jobs of drydock's on an event loop of asio's, see
// drydock/asio_executor.h.
#ifndef DRYDOCK_ASIO_CONTEXT_H_
#define DRYDOCK_ASIO_CONTEXT_H_

#include <string>
#include <type_traits>
#include <utility>

#include <asio/execution.hpp>
#include <asio/execution_context.hpp>

#include "drydock/executor.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock {

class AsioContextExecutor;

// An execution context of asio's, as `asio::io_context` is one. Thread-safe. It outlives the jobs
// that asio has submitted through it: shut the executor down, or drain it, first.
//
// Each handler that asio hands over is one job, submitted from the thread where asio did so, and so
// with that thread's context and running job; what it throws is the failure of that job. Timers and
// sockets of asio's wait in real time, on a thread that asio starts for them; only their handlers
// become jobs. In a test with simulated time, delay a job instead.
class AsioContext : public asio::execution_context {
 public:
  using executor_type = AsioContextExecutor;

  // `executor` outlives this. Messages call its jobs `name`, and show `where` as the place of their
  // submit; without a name they are called after that place.
  explicit AsioContext(Executor& executor, std::string name = "",
                       SourceLocation where = SourceLocation::current())
      : executor_(executor), name_(std::move(name)), where_(where) {}
  ~AsioContext() {
    shutdown();
    destroy();
  }

  executor_type get_executor() noexcept;

 private:
  friend class AsioContextExecutor;
  // Not delivered twice, whatever a drain is told: a handler of asio's is good for one call.
  void submit(Job handler) { executor_.submit({.name = name_}, std::move(handler), where_); }

  Executor& executor_;
  const std::string name_;
  const SourceLocation where_;
};

// An executor in asio's sense, also one that `asio::any_io_executor` holds. Two are equal where
// they are of one context. It never calls a handler within `execute`; the executor of drydock's
// may, as an `InlineExecutor` does.
class AsioContextExecutor {
 public:
  AsioContext& query(asio::execution::context_t) const noexcept { return *context_; }
  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
    return asio::execution::blocking_t::never_t();
  }

  // Throws what the submit throws.
  template <class Handler>
  void execute(Handler&& handler) const {
    context_->submit(Job([handler = std::decay_t<Handler>(std::forward<Handler>(
                              handler))]() mutable { std::move(handler)(); }));
  }

  friend bool operator==(const AsioContextExecutor& a, const AsioContextExecutor& b) noexcept {
    return a.context_ == b.context_;
  }

 private:
  friend class AsioContext;
  explicit AsioContextExecutor(AsioContext& context) noexcept : context_(&context) {}

  AsioContext* context_;
};

inline AsioContextExecutor AsioContext::get_executor() noexcept {
  return AsioContextExecutor(*this);
}

}  // namespace drydock

#endif  // DRYDOCK_ASIO_CONTEXT_H_
