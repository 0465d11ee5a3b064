// The jobs of an executor that has no threads of its own: what it has taken on and given to
// somebody else to run.
//
// The ledger keeps the job; what the other side gets is a ticket, a closure that runs the job with
// that number. So a job can be taken back at any time, and whatever the other side does with a
// ticket (run it, destroy it unrun, keep it for ever, long after the executor is gone) the ledger
// knows what has become of the job. It waits, lists and ends as a thread pool does.
//
// No code of the user's runs under the lock.
#ifndef DRYDOCK_SRC_JOB_LEDGER_H_
#define DRYDOCK_SRC_JOB_LEDGER_H_

#include <pthread.h>

#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/job_failure.h"
#include "src/coarse_clock.h"
#include "src/deadline.h"
#include "src/idle_source.h"
#include "src/job_text.h"
#include "src/mutex.h"
#include "src/test_observer.h"
#include "src/thread_card.h"
#include "src/waits.h"

namespace drydock::internal {

// Thread-safe. Shared by the executor and by the tickets.
class JobLedger final : public IdleSource, public std::enable_shared_from_this<JobLedger> {
 public:
  // Gives a ticket to whoever runs jobs; may run it at once, and may throw where it is refused.
  using HandOver = absl::FunctionRef<void(Job ticket)>;
  // Ends a delay early; its call is then destroyed.
  using Withdraw = absl::AnyInvocable<void()>;
  // Has `call` called at `due`, by any thread.
  using CallAt = absl::FunctionRef<Withdraw(SteadyTime due, Job call)>;

  JobLedger(std::string name, FailureHandler on_failure)
      : name_(std::move(name)), on_failure_(std::move(on_failure)) {}
  JobLedger(const JobLedger&) = delete;
  JobLedger& operator=(const JobLedger&) = delete;

  // Throws what `hand_over` throws, and `ExecutorShutDownError`.
  void submit(SubmittedJob job, HandOver hand_over);
  // `hand_over` is called when the job is due, for as long as the executor has not ended; a refusal
  // is reported then. Throws what `call_at` throws, and `ExecutorShutDownError`.
  void submit_delayed(SubmittedJob job, CallAt call_at, absl::AnyInvocable<void(Job)> hand_over);

  bool cancel(JobId id);
  // Refuses jobs from now on, but those that come from a job of this executor, and, where
  // `takes_from_jobs`, of any other. Drops those whose delay has not passed.
  void close(bool takes_from_jobs);
  // Refuses jobs from now on, drops those whose delay has not passed, and waits for the others.
  absl::Status shutdown(absl::Duration timeout);
  // Drops what does not run, and waits for what does. From then on no `hand_over` is called.
  void end();

  const std::string& name() const { return name_; }
  IdleTarget idle_target() { return {.source = this, .label = "executor '" + name_ + "'"}; }

  void lock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.lock(); }
  void unlock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }
  bool idle(const IdleTarget& target,
            SteadyTime deadline) const override ABSL_NO_THREAD_SAFETY_ANALYSIS;
  bool may_become_idle(const IdleTarget& target, SteadyTime deadline,
                       const StuckThreads& stuck) override;
  bool runs_here(const IdleTarget& target) override;
  void list_unfinished(const IdleTarget& target, UnfinishedJobs& jobs) override;

 private:
  enum class State { kDelayed, kQueued, kRunning, kGone };

  // Stands in the list from the submit until its ticket is gone.
  struct Entry {
    std::optional<SubmittedJob> job;  // none in state kGone
    State state = State::kQueued;
    CoarseTime since = 0;                    // of the submit, or of the start
    SteadyTime due = {};                     // of a delayed one
    int pins = 0;                            // calls that are busy with this entry
    bool abandoned = false;                  // the ticket is gone
    pthread_t thread = {};                   // of a running one
    Withdraw withdraw = {};                  // of a delayed one
    const TestObserver* observer = nullptr;  // to be compared
    std::shared_ptr<ThreadCard> card = {};   // of the thread that runs it
  };
  using Place = std::list<Entry>::iterator;

  class Ticket;
  class DueCall;

  Place add(SubmittedJob& job, State state);
  void run(Place entry);
  void let_go(Place entry);
  void become_due(Ticket ticket, absl::AnyInvocable<void(Job)>& hand_over);
  void keep_withdraw(Place entry, Withdraw withdraw);
  void unpin(Place entry, const std::exception_ptr& refusal, bool submitter_is_told);

  // A job that will not run. Counts as one that is not finished until `discard`.
  struct Taken {
    SubmittedJob job;
    Withdraw withdraw;
  };
  static bool waits(const Entry& entry) {
    return entry.state == State::kDelayed || entry.state == State::kQueued;
  }
  Taken take(Place entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void discard(std::optional<Taken> taken);
  void drop(std::optional<Taken> taken, const std::string& why);
  void drop_all(std::vector<Taken> taken, const std::string& why);

  bool on_own_job() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool refuses(const SubmittedJob& job) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void tell_waiters() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    changed_.notify_all();
    if (has_listeners()) tell_listeners();
  }

  const std::string name_;
  const FailureHandler on_failure_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // Jobs that are queued, run, or are being destroyed.
  std::size_t current_ ABSL_GUARDED_BY(mutex_) = 0;
  int pins_ ABSL_GUARDED_BY(mutex_) = 0;                          // of all entries
  std::vector<std::thread::id> running_ ABSL_GUARDED_BY(mutex_);  // a thread may be here twice
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;                   // jobs from outside are refused
  bool takes_from_jobs_ ABSL_GUARDED_BY(mutex_) = false;          // those from other jobs are not
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;                    // all are

  const SourceRegistration registration_{*this};
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_JOB_LEDGER_H_
