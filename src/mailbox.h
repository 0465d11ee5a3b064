// The mailbox of a strand whose base does not keep the order of strands itself.
#ifndef DRYDOCK_SRC_MAILBOX_H_
#define DRYDOCK_SRC_MAILBOX_H_

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "drydock/job.h"
#include "src/coarse_clock.h"
#include "src/deadline.h"
#include "src/idle_source.h"
#include "src/lineage.h"
#include "src/mutex.h"
#include "src/test_observer.h"
#include "src/thread_card.h"
#include "src/waits.h"

namespace drydock::internal {

// Hands one job at a time to the base. Shared by the strand and by the jobs on their way, so that
// it outlives the strand where it has to.
class Mailbox final : public IdleSource, public std::enable_shared_from_this<Mailbox> {
 public:
  using Forward = std::function<void(SubmittedJob)>;

  // `forward` submits to the base, and may throw.
  Mailbox(std::string name, Forward forward)
      : name_(std::move(name)), forward_(std::move(forward)) {}

  // Throws what `forward` throws where the base refuses this very job.
  void submit(SubmittedJob job);
  // Of the jobs that wait for their turn.
  bool cancel(JobId id);
  // Gives the turn to the next job, if it is free. Needed after the base has cancelled a job: one
  // that the base destroys unrun keeps the turn from going on by itself, since the base may be
  // about to end.
  void pump(JobId submitted = JobId());

  IdleTarget idle_target() { return {.source = this, .label = "strand '" + name_ + "'"}; }
  void lock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.lock(); }
  void unlock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }
  bool idle(const IdleTarget& target,
            SteadyTime deadline) const override ABSL_NO_THREAD_SAFETY_ANALYSIS;
  void revive() override { pump(); }
  bool may_become_idle(const IdleTarget& target, SteadyTime deadline,
                       const StuckThreads& stuck) override;
  bool runs_here(const IdleTarget& target) override;
  void list_unfinished(const IdleTarget& target, UnfinishedJobs& jobs) override;

 private:
  class Turn;
  class Delay;

  struct Waiting {
    SubmittedJob job;
    CoarseTime since;
  };
  // What a listing says of a job that the base has now.
  struct WithBase {
    explicit WithBase(const SubmittedJob& job, CoarseTime since);
    std::string describe() const;

    JobId id;
    std::string name;
    SourceLocation where;
    LineageRef parents;
    const TestObserver* observer;  // to be compared
    CoarseTime since;              // it was submitted, or it runs
    SteadyTime due = {};           // of a delayed one
    std::thread::id thread = {};   // once it runs
    std::shared_ptr<ThreadCard> card = {};
  };
  using Delays = std::list<WithBase>;

  void submit_delayed(SubmittedJob job);
  // A job that is due.
  void add(SubmittedJob job);
  // The job whose turn it is now; empty where there is none, or the turn is taken.
  std::optional<SubmittedJob> begin_turn();
  void turn_runs();
  void end_turn();
  void end_delay(Delays::iterator delay);
  void report_dropped(const std::string& job) const;

  const std::string name_;
  const Forward forward_;

  mutable Mutex mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<WithBase> with_base_ ABSL_GUARDED_BY(mutex_);
  // Jobs whose delay the base waits for.
  Delays delayed_ ABSL_GUARDED_BY(mutex_);
  // A thread is in `pump()`, and looks again before it leaves. Keeps a base that runs jobs on the
  // calling thread from nesting one job in another.
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;

  const SourceRegistration registration_{*this};
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_MAILBOX_H_
