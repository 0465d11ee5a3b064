// What stands behind `ThreadPoolExecutor`: workers, their queue, the timers and the strands.
//
// The queue has two halves, each under a lock of its own. Submitters append to the inbox; workers
// take from the front of `ready_`, and whoever finds that empty moves the whole inbox there, which
// is a few pointers. So a submitter and a worker meet once in many jobs, and jobs still start in
// the order of their submits: nothing is handed to a single worker, where it could wait behind a
// long job.
//
// `ready_mutex_` comes before `intake_mutex_` where both are held. No code of the user's runs under
// either, but for `now()` of a clock of the user's.
#ifndef DRYDOCK_SRC_THREAD_POOL_H_
#define DRYDOCK_SRC_THREAD_POOL_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/thread_pool_executor.h"
#include "src/coarse_clock.h"
#include "src/deadline.h"
#include "src/idle_source.h"
#include "src/job_list.h"
#include "src/job_text.h"
#include "src/lineage.h"
#include "src/mutex.h"
#include "src/pool_clock.h"
#include "src/sparing_clock.h"
#include "src/spin_mutex.h"
#include "src/strand_table.h"
#include "src/thread_card.h"
#include "src/timer_queue.h"
#include "src/waits.h"

namespace drydock::internal {

class ThreadPool final : public IdleSource {
 public:
  explicit ThreadPool(ThreadPoolOptions options);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void submit(SubmittedJob&& job);
  bool cancel(JobId id);
  absl::Status shutdown(absl::Duration timeout);
  // Refuses jobs from now on, but those that come from a job of this pool, and, where
  // `takes_from_jobs`, of any other executor. Delayed ones are dropped.
  void close(bool takes_from_jobs);

  const std::string& name() const { return options_.name; }
  const Clock* clock() const { return options_.clock; }
  int threads() const { return static_cast<int>(workers_.size()); }
  IdleTarget idle_target() { return {.source = this, .label = "executor '" + name() + "'"}; }

  void lock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { intake_mutex_.lock(); }
  void unlock_jobs() override ABSL_NO_THREAD_SAFETY_ANALYSIS { intake_mutex_.unlock(); }
  bool idle(const IdleTarget& target,
            SteadyTime deadline) const override ABSL_NO_THREAD_SAFETY_ANALYSIS;
  bool may_become_idle(const IdleTarget& target, SteadyTime deadline,
                       const StuckThreads& stuck) override;
  bool runs_here(const IdleTarget& target) override;
  void list_unfinished(const IdleTarget& target, UnfinishedJobs& jobs) override;

 private:
  // Aligned, so that two workers do not write to one cache line.
  struct alignas(64) Worker {
    std::string name;
    std::thread thread;
    std::thread::id thread_id;         // of `thread`, also once it is joined
    std::shared_ptr<ThreadCard> card;  // under ready_mutex_
    QueuedJob* running = nullptr;      // under ready_mutex_, so that a listing finds it whole
    CoarseTick since = 0;              // under ready_mutex_; see SparingClock
    SparingClock ticks;                // its own
    SpareNodes spare;                  // nodes that it has emptied
    ParentsOfEndedJobs parents;        // of jobs that it has run
    bool parked = false;               // its own
    bool asleep = false;               // under intake_mutex_
    std::atomic<bool> woken{false};    // set under intake_mutex_
    CondVar condition;
  };

  // ThreadPool::run_worker and what it calls, on a worker's thread.
  void run_worker(Worker& worker);
  QueuedJob* next_job(Worker& worker);
  QueuedJob* next_of_inbox(Worker& worker, QueuedJob* finished) ABSL_UNLOCK_FUNCTION(ready_mutex_);
  void let_jobs_gather(Worker& worker) const;
  void end_job(Worker& worker, QueuedJob* finished);
  void give_back_spare(Worker& worker);
  void end_turn(const void* strand);
  void park(Worker& worker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(ready_mutex_, intake_mutex_);
  void sleep_until_woken(Worker& worker);

  void start_threads();
  void run_timers();
  // Queues the delayed jobs that are due at `now`. When the next one is; nothing: the pool is
  // closed.
  std::optional<absl::Duration> queue_due_jobs(absl::Duration now);
  void start_timer_thread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);

  bool make_room() ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);
  // Queues a job that is due. Returns the worker whose condition the caller has to notify, if any.
  Worker* enqueue(QueuedJob* node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);
  Worker* append_to_inbox(QueuedJob* node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);
  Worker* finish_turn(const void* strand) ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);
  QueuedJob* take_waiting(JobId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(ready_mutex_, intake_mutex_);
  // Destroys the job and keeps the node.
  void discard(QueuedJob* node);

  bool on_worker_thread() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);
  bool refuses(const SubmittedJob& job) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);
  bool has_due_by(SteadyTime deadline, const void* strand) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_);
  bool has_queued(const void* strand, SteadyTime deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(ready_mutex_, intake_mutex_);
  void tell_waiters() ABSL_EXCLUSIVE_LOCKS_REQUIRED(intake_mutex_) {
    if (has_listeners()) tell_listeners();
  }
  [[noreturn]] void refuse_full(const SubmittedJob& job);
  [[noreturn]] void refuse_closed(const SubmittedJob& job) const;

  void join();

  const ThreadPoolOptions options_;
  PoolClock clock_;
  const bool spins_;                              // worth it with a processor to spare
  std::vector<std::unique_ptr<Worker>> workers_;  // the same ones from the constructor on

  alignas(64) SpinMutex ready_mutex_ ABSL_ACQUIRED_BEFORE(intake_mutex_);
  JobList ready_ ABSL_GUARDED_BY(ready_mutex_);
  // The size of `ready_`, for those who hold the other lock only.
  std::atomic<std::size_t> ready_count_{0};

  alignas(64) SpinMutex intake_mutex_;
  JobList inbox_ ABSL_GUARDED_BY(intake_mutex_);
  JobNodes nodes_ ABSL_GUARDED_BY(intake_mutex_);
  // How many jobs more are surely taken; counted anew when it is used up.
  std::size_t room_ ABSL_GUARDED_BY(intake_mutex_) = 0;
  std::vector<Worker*> parked_ ABSL_GUARDED_BY(intake_mutex_);
  std::size_t started_ ABSL_GUARDED_BY(intake_mutex_) = 0;
  const Worker* spinning_ ABSL_GUARDED_BY(intake_mutex_) = nullptr;
  StrandTable strands_ ABSL_GUARDED_BY(intake_mutex_);
  TimerQueue timers_ ABSL_GUARDED_BY(intake_mutex_);
  std::thread timer_thread_ ABSL_GUARDED_BY(intake_mutex_);
  bool closed_ ABSL_GUARDED_BY(intake_mutex_) = false;           // jobs from outside are refused
  bool takes_from_jobs_ ABSL_GUARDED_BY(intake_mutex_) = false;  // closed_, but to other jobs
  bool ending_ ABSL_GUARDED_BY(intake_mutex_) = false;  // workers end when they find nothing
  bool joined_ ABSL_GUARDED_BY(intake_mutex_) = false;

  Mutex join_mutex_;

  // The calling thread as a worker, of whichever pool; null where it is none.
  static inline constinit thread_local Worker* here_ = nullptr;

  const SourceRegistration registration_{*this};
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_THREAD_POOL_H_
