// Waits until executors have nothing left to do, all at the same time.
//
//   drydock::ThreadPoolExecutor pool({.threads = 4, .name = "pool"});
//   drydock::SerialExecutor machine(pool, "machine");
//   drydock::ThreadPoolExecutor mail({.threads = 1, .name = "mail"});
//   ...
//   EXPECT_EQ(drydock::wait_idle({&pool, &machine, &mail}, absl::Seconds(5)), absl::OkStatus());
//
// For tests with real threads, and for the end of a program. A job of one executor may submit to
// another, and that one back: it waits until none of them has a job, so that no second look is
// needed. To wait for one executor, `ThreadPoolExecutor::wait_idle()` and
// `SerialExecutor::wait_idle()` do; to run what a `DeferredExecutor` holds, call its `drain()`; to
// wait for one event rather than for everything, use `Journal::wait_for()`.
#ifndef DRYDOCK_WAIT_IDLE_H_
#define DRYDOCK_WAIT_IDLE_H_

#include <initializer_list>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor.h"

namespace drydock {

// Returns OK at a moment at which no job of any of `executors` is queued or runs; woken by the
// jobs' ends, without polling. Any thread may call it; the executors outlive the call. None, and
// one twice, are allowed.
//
// What counts, by kind:
// - Thread pools: every job that is queued or runs. A delayed job counts if it becomes due within
//   `timeout`; one of `submit_every` only while it is due or runs.
// - Strands: the jobs of the strand, as their base counts them.
// - Deferred and inline executors: jobs that are due or run. Jobs that are not due on the simulated
//   clock do not count, since only the test moves that.
//
// Otherwise it returns
// - `DeadlineExceeded` when `timeout` has passed, with a list of the jobs that are queued or run:
//   the name, the place of the submit, the jobs that submitted it, for how long ("for up to 2s"
//   where only the longest that it can be is known), the thread that runs it, and the SQL statement
//   that it is in;
// - `FailedPrecondition` at once where it would wait for ever, since only the calling thread could
//   run a job that it waits for: called from such a job, or for a deferred executor's queued jobs
//   from the thread that drains it, or where what it waits for waits in turn for this thread. The
//   message says for what and what to write instead. In a simulation or a sandbox that is a finding
//   too (`Finding::kBlockedSubmit`);
// - `Unimplemented` where an executor cannot say when it is idle: one that is not drydock's and
//   does not override `Executor::idle_target()`.
absl::Status wait_idle(std::initializer_list<Executor*> executors, absl::Duration timeout);
absl::Status wait_idle(const std::vector<Executor*>& executors, absl::Duration timeout);

}  // namespace drydock

#endif  // DRYDOCK_WAIT_IDLE_H_
