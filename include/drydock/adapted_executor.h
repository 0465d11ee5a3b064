// What the executors that run their jobs on somebody else's threads have in common.
//
//   asio::io_context io;
//   drydock::AsioExecutor executor(io.get_executor(), {.name = "network"});
//   std::thread thread([&io] { io.run(); });
//   executor.submit({.name = "greet"}, [] { ... });
//   executor.shutdown();                            // all that was submitted has run
//
// Take `AsioExecutor` for asio, `TbbExecutor` for oneTBB and `FunctionExecutor` for anything else
// that runs closures (docs/adapters.md has recipes). Where a program has no threads of its own yet,
// take a `ThreadPoolExecutor`: it is bounded, and keeps the order of strands itself.
//
// To write an adapter, derive from this class, override `hand_over`, and call `end()` in the
// destructor.
#ifndef DRYDOCK_ADAPTED_EXECUTOR_H_
#define DRYDOCK_ADAPTED_EXECUTOR_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor.h"
#include "drydock/job.h"
#include "drydock/job_failure.h"

namespace drydock {

namespace internal {
class DelayThread;
class JobLedger;
}  // namespace internal

struct AdapterOptions {
  // What messages call the executor; empty: the adapter's own default.
  std::string name = {};
  // Told of each job that throws or is dropped; empty: `log_failure`.
  FailureHandler on_failure = {};
};

// Thread-safe. Jobs run where, and in the order in which, the other side runs what it is given.
// What waits is not bounded. A job that the other side destroys unrun (an event loop that ends, a
// pool that is purged) is dropped: its closure is destroyed, and the failure handler is told.
class AdaptedExecutor : public Executor {
 public:
  // Ends the executor: jobs that have not started are dropped, each reported to the failure handler
  // as a `JobDroppedError`, and those that run are waited for. So it returns also where the other
  // side has stopped, and no job reaches into what is destroyed after it. Where all jobs must run,
  // call `shutdown()` first. Neither runs on a job of this executor. The other side is destroyed
  // after the executor, or, once it runs nothing any more, before.
  ~AdaptedExecutor() override;

  // Exact: true means that the job will never run. Its closure is destroyed before this returns.
  bool cancel(JobId id) override;

  // Waits until no job runs or is queued: `drydock::wait_idle({this}, timeout)`, see
  // drydock/wait_idle.h, which also waits for several executors at once.
  absl::Status wait_idle(absl::Duration timeout);

  // Refuses jobs from now on (`ExecutorShutDownError`), and waits until the other side has run
  // those that it has and what these submit in turn. Delayed jobs that are not yet due are dropped,
  // as by the destructor. Waits for ever where the other side runs nothing. Any number of calls.
  // Throws `MisuseError` from a job of this executor.
  void shutdown();
  // The same with a deadline: where jobs are left by then it returns `DeadlineExceeded` with a list
  // of them. They go on.
  absl::Status shutdown(absl::Duration timeout);

  const std::string& name() const;

 protected:
  // `kind` is the name where `options` has none.
  AdaptedExecutor(AdapterOptions options, std::string kind);

  // Gives `job` to the other side, which calls it at most once, on any thread, and destroys it.
  // Called from each thread that submits, and from several at a time. Calling the job here and now
  // is allowed. What it throws, `submit` throws; then the job will not run.
  virtual void hand_over(Job job) = 0;

  // Has `call` called at `due`, from any thread, and returns what gives up the call early, or does
  // nothing where it has been made. Called from several threads at a time. This one has a thread
  // for it, which starts with the first delayed job; override it where the other side has timers.
  virtual absl::AnyInvocable<void()> call_at(std::chrono::steady_clock::time_point due, Job call);

  // What the destructor of each class that overrides the above calls first: it does what the
  // destructor says, and afterwards neither of them is called.
  void end();

  // Throws what `hand_over` throws, and `ExecutorShutDownError`.
  void do_submit(SubmittedJob job) final;
  internal::IdleTarget idle_target() final;
  void do_close() final;
  // Override it where the destructor of the class does more than `end()`.
  void do_finish() override { end(); }

 private:
  // Shared with the jobs that the other side has.
  const std::shared_ptr<internal::JobLedger> ledger_;
  const std::unique_ptr<internal::DelayThread> delays_;
};

}  // namespace drydock

#endif  // DRYDOCK_ADAPTED_EXECUTOR_H_
