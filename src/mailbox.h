// The mailbox of a strand whose base does not keep the order of strands itself.
#ifndef DRYDOCK_SRC_MAILBOX_H_
#define DRYDOCK_SRC_MAILBOX_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "src/coarse_clock.h"
#include "src/mutex.h"

namespace drydock::internal {

// Hands one job at a time to the base. Shared by the strand and by the jobs on their way, so that
// it outlives the strand where it has to.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  using Forward = std::function<void(SubmittedJob)>;

  // `forward` submits to the base, and may throw.
  Mailbox(std::string name, Forward forward)
      : name_(std::move(name)), forward_(std::move(forward)) {}

  // Throws what `forward` throws where the base refuses this very job.
  void submit(SubmittedJob job);
  // Of the jobs that wait for their turn.
  bool cancel(JobId id);
  absl::Status wait_idle(absl::Duration timeout);
  // Gives the turn to the next job, if it is free. Needed after the base has cancelled a job: one
  // that the base destroys unrun keeps the turn from going on by itself, since the base may be
  // about to end.
  void pump(JobId submitted = JobId());

 private:
  class Turn;

  struct Waiting {
    SubmittedJob job;
    CoarseTime since;
  };
  // What a listing says of the job that the base has now.
  struct WithBase {
    explicit WithBase(const Waiting& next);
    std::string describe() const;

    JobId id;
    std::string name;
    SourceLocation where;
    LineageRef parents;
    std::optional<std::thread::id> thread;  // once it runs
    CoarseTime since;                       // it was submitted, or it runs
  };

  void submit_delayed(SubmittedJob job);
  // The job whose turn it is now; empty where there is none, or the turn is taken.
  std::optional<SubmittedJob> begin_turn();
  void turn_runs();
  void end_turn();
  void report_dropped(const std::string& job) const;
  std::string describe_unfinished() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string name_;
  const Forward forward_;

  mutable Mutex mutex_;
  CondVar idle_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<WithBase> with_base_ ABSL_GUARDED_BY(mutex_);
  // A thread is in `pump()`, and looks again before it leaves. Keeps a base that runs jobs on the
  // calling thread from nesting one job in another.
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_MAILBOX_H_
