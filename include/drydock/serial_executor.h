// A strand: a mailbox on another executor. Its jobs run in the order of their submits, one at a
// time, without a lock in the code that they run.
//
//   class Mailer {
//    public:
//     explicit Mailer(drydock::Executor& base) : strand_(base, "mailer") {}
//     void send(Mail mail) {
//       strand_.submit([this, mail] { connection_.send(mail); });    // never two at a time
//     }
//    private:
//     Connection connection_;
//     drydock::SerialExecutor strand_;
//   };
//
// Use one strand an object (an actor, a state machine, a connection) rather than a pool with one
// thread: a strand has no thread of its own, and thousands of them share a pool. Where jobs may run
// side by side, submit to the base itself.
#ifndef DRYDOCK_SERIAL_EXECUTOR_H_
#define DRYDOCK_SERIAL_EXECUTOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor.h"
#include "drydock/job.h"

namespace drydock {

namespace internal {
class Mailbox;
}  // namespace internal

// Thread-safe. Each job goes back to the end of the base's queue when it has had its turn, so that
// a busy strand starves no one. The base runs each job under its own name: its bookkeeping, its
// limit and its way with failures apply as if the job had been submitted there. A job that throws
// does not stop the strand. A delayed job takes its turn when it is due.
//
// On a base that does not keep the order of strands itself (see `Executor::keeps_strand_order()`)
// the strand hands over one job at a time. The jobs that wait are then not bounded by the base, and
// one that the base refuses when its turn comes is dropped with a line on stderr.
class SerialExecutor final : public Executor {
 public:
  // `base` outlives the strand. `name` is what messages call the strand.
  SerialExecutor(Executor& base, std::string name);
  // Neither waits nor drops: what was submitted still runs, in order, on the base.
  ~SerialExecutor() override;

  // As the base can; a job that still waits for its turn can always be cancelled.
  bool cancel(JobId id) override;
  bool keeps_strand_order() const override { return true; }

  // Waits until the mailbox is empty and no job of it runs: `drydock::wait_idle({this}, timeout)`,
  // see drydock/wait_idle.h.
  absl::Status wait_idle(absl::Duration timeout);

  const std::string& name() const { return name_; }

 protected:
  // Throws what the base throws.
  void do_submit(SubmittedJob job) override;
  void do_submit_every(SubmittedJob first, absl::Duration period, RecurringJob job) override;
  internal::IdleTarget idle_target() override;
  // As the base does.
  std::optional<std::size_t> do_run_queued() override { return run_queued_of(base_); }

 private:
  Executor& base_;
  const std::string name_;
  // Null where the base keeps the order.
  const std::shared_ptr<internal::Mailbox> mailbox_;
};

}  // namespace drydock

#endif  // DRYDOCK_SERIAL_EXECUTOR_H_
