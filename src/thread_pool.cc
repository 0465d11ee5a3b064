#include "src/thread_pool.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "drydock/executor_errors.h"
#include "drydock/job_failure.h"
#include "drydock/misuse_error.h"
#include "src/executor_text.h"
#include "src/idle_wait.h"
#include "src/outside_job.h"
#include "src/start_thread.h"

namespace drydock::internal {

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : options_(std::move(options)), clock_(options_.clock), spins_(hardware_threads() > 1) {
  for (int i = 0; i < options_.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->name = options_.name + "-" + std::to_string(i + 1);
  }
  parked_.reserve(workers_.size());
  try {
    start_threads();
  } catch (...) {
    shutdown(absl::InfiniteDuration()).IgnoreError();
    throw;
  }
}

ThreadPool::~ThreadPool() { shutdown(absl::InfiniteDuration()).IgnoreError(); }

void ThreadPool::start_threads() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    // Under the lock, so that no worker parks before it is counted.
    SpinMutexLock lock(intake_mutex_);
    worker->thread = start_thread("'" + worker->name + "' of executor '" + name() + "'",
                                  [this, &self = *worker] { run_worker(self); });
    worker->thread_id = worker->thread.get_id();
    ++started_;
  }
}

void ThreadPool::submit(SubmittedJob&& job) {
  see_outside_submit(job, name());
  enum { kTaken, kFull, kClosed } outcome = kTaken;
  Worker* to_notify = nullptr;
  const CoarseTick now = here_ != nullptr ? here_->ticks.tick() : coarse_tick();
  const bool delayed = job.is_delayed();
  const absl::Duration due = delayed ? clock_.now() + job.delay() : absl::ZeroDuration();
  {
    SpinMutexLock lock(intake_mutex_);
    if (closed_ && refuses(job)) {
      outcome = kClosed;
    } else if (room_ == 0 && !make_room() && !job.recurring()) {
      outcome = kFull;
    } else {
      if (delayed) start_timer_thread();  // or throw, while there is nothing to take back
      // A recurring job, which is one job, always has room.
      if (room_ > 0) --room_;
      QueuedJob* const node = nodes_.take();
      node->put(std::move(job), now);
      if (delayed) {
        timers_.push(due, node);
        clock_.wake();
      } else {
        to_notify = enqueue(node);
      }
    }
  }
  if (to_notify != nullptr) to_notify->condition.notify_one();
  // Moved from only where it was taken.
  if (outcome == kFull) refuse_full(job);      // NOLINT(bugprone-use-after-move)
  if (outcome == kClosed) refuse_closed(job);  // NOLINT(bugprone-use-after-move)
}

bool ThreadPool::make_room() {
  const std::size_t waiting = inbox_.size() + strands_.waiting_count() + timers_.size() +
                              ready_count_.load(std::memory_order_acquire);
  room_ = options_.max_queued - std::min(waiting, options_.max_queued);
  return room_ > 0;
}

ThreadPool::Worker* ThreadPool::enqueue(QueuedJob* node) {
  const void* const strand = node->job.strand();
  if (strand != nullptr && !strands_.start_or_wait(strand, node)) return nullptr;
  return append_to_inbox(node);
}

ThreadPool::Worker* ThreadPool::append_to_inbox(QueuedJob* node) {
  inbox_.push_back(node);
  if (parked_.empty()) return nullptr;
  // The one that parked last: it may still spin, and its cache is warm.
  Worker* const worker = parked_.back();
  parked_.pop_back();
  worker->woken.store(true, std::memory_order_release);
  return worker->asleep ? worker : nullptr;
}

ThreadPool::Worker* ThreadPool::finish_turn(const void* strand) {
  QueuedJob* const next = strands_.finish_turn(strand);
  if (next != nullptr) return append_to_inbox(next);
  tell_waiters();
  return nullptr;
}

bool ThreadPool::cancel(JobId id) {
  QueuedJob* node;
  Worker* to_notify = nullptr;
  {
    SpinMutexLock ready(ready_mutex_);
    SpinMutexLock intake(intake_mutex_);
    const std::size_t ready_before = ready_.size();
    const std::size_t inbox_before = inbox_.size();
    node = take_waiting(id);
    if (node == nullptr) return false;
    const bool had_turn = ready_.size() != ready_before || inbox_.size() != inbox_before;
    ready_count_.store(ready_.size(), std::memory_order_release);
    if (had_turn && node->job.strand() != nullptr) to_notify = finish_turn(node->job.strand());
  }
  if (to_notify != nullptr) to_notify->condition.notify_one();
  discard(node);
  return true;
}

QueuedJob* ThreadPool::take_waiting(JobId id) {
  if (QueuedJob* const node = ready_.remove(id)) return node;
  if (QueuedJob* const node = inbox_.remove(id)) return node;
  if (QueuedJob* const node = strands_.remove(id)) return node;
  return timers_.remove(id);
}

void ThreadPool::discard(QueuedJob* node) {
  node->clear();
  SpinMutexLock lock(intake_mutex_);
  nodes_.give_back(node);
  tell_waiters();
}

void ThreadPool::start_timer_thread() {
  if (timer_thread_.joinable()) return;
  timer_thread_ = start_thread("the delays of executor '" + name() + "'", [this] { run_timers(); });
}

bool ThreadPool::on_worker_thread() const {
  const std::thread::id self = std::this_thread::get_id();
  // Once the threads are joined, another one may have got the id of one of them.
  return !joined_ && std::any_of(workers_.begin(), workers_.end(),
                                 [self](const auto& worker) { return worker->thread_id == self; });
}

bool ThreadPool::refuses(const SubmittedJob& job) const {
  if (job.recurring() || job.is_delayed()) return true;
  return !on_worker_thread() && !(takes_from_jobs_ && job.parent());
}

void ThreadPool::refuse_full(const SubmittedJob& job) {
  UnfinishedJobs jobs(3);
  list_unfinished(idle_target(), jobs);
  throw QueueFullError(
      "drydock: executor '" + name() + "' refused job " + describe_job(job) +
      ": its queue is full (max_queued = " + std::to_string(options_.max_queued) + "). Now " +
      jobs.summary() + ":" + jobs.lines() +
      "\nSubmit less at a time, raise ThreadPoolOptions::max_queued or ::threads, or catch "
      "QueueFullError and submit again later.");
}

void ThreadPool::refuse_closed(const SubmittedJob& job) const {
  throw ExecutorShutDownError(describe_refusal_after_shutdown(name(), job));
}

// --- ending ---------------------------------------------------------------------------------

absl::Status ThreadPool::shutdown(absl::Duration timeout) {
  {
    SpinMutexLock lock(intake_mutex_);
    if (on_worker_thread()) {
      throw MisuseError(describe_shutdown_by_own_job(name()));
    }
  }
  close(/*takes_from_jobs=*/false);
  IdleWait wait({idle_target()}, timeout);
  if (!wait.wait_at_any_rate()) return not_shut_down(name(), timeout, wait.list());
  join();
  return absl::OkStatus();
}

void ThreadPool::close(bool takes_from_jobs) {
  JobList dropped;
  std::thread timer_thread;
  {
    SpinMutexLock lock(intake_mutex_);
    closed_ = true;
    takes_from_jobs_ = takes_from_jobs;
    while (!timers_.empty()) dropped.push_back(timers_.pop());
    timer_thread = std::move(timer_thread_);
    clock_.wake();
    tell_waiters();
  }
  if (timer_thread.joinable()) timer_thread.join();
  while (QueuedJob* const node = dropped.pop_front()) {
    if (!node->job.recurring()) {
      report_failure(options_.on_failure,
                     make_failure(name(), node->job,
                                  std::make_exception_ptr(JobDroppedError(
                                      "its delay had not passed when the executor was shut "
                                      "down"))));
    }
    discard(node);
  }
}

void ThreadPool::join() {
  MutexLock join_lock(join_mutex_);
  {
    SpinMutexLock lock(intake_mutex_);
    if (joined_) return;
    ending_ = true;
    for (Worker* const worker : parked_) {
      worker->woken.store(true, std::memory_order_release);
      worker->condition.notify_one();
    }
    parked_.clear();
  }
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  SpinMutexLock lock(intake_mutex_);
  joined_ = true;
  started_ = 0;
}

}  // namespace drydock::internal
