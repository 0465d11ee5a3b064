// The threads of a pool: its workers, and the one that waits for delays.
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "drydock/job_failure.h"
#include "src/test_observer.h"
#include "src/thread_name.h"
#include "src/thread_pool.h"

namespace drydock::internal {
namespace {

// How often a worker that ran out of jobs looks for another one before it sleeps: some 10 µs.
constexpr int kSpins = 300;
// For how long it leaves the inbox alone before that: less than 1 µs.
constexpr int kGatherSpins = 32;

}  // namespace

[[gnu::always_inline]] inline void ThreadPool::end_job(Worker& worker, QueuedJob* finished) {
  const void* const strand = finished->job.strand();
  // Before the strand goes on and before the worker can count as idle: this may release what the
  // job's context holds, and run code of the user's.
  worker.parents.add(finished->job.take_parents());
  finished->clear();
  worker.spare.push_back(finished);
  if (worker.spare.is_enough()) give_back_spare(worker);
  if (strand != nullptr) end_turn(strand);
}

// Does not wait for a submitter that holds the lock, as one does half of the time that it submits
// job after job: the next jobs are other chances.
void ThreadPool::give_back_spare(Worker& worker) {
  if (!intake_mutex_.try_lock()) {
    if (!worker.spare.is_full()) return;
    intake_mutex_.lock();
  }
  nodes_.give_back(worker.spare);
  intake_mutex_.unlock();
}

void ThreadPool::end_turn(const void* strand) {
  Worker* to_notify;
  {
    SpinMutexLock lock(intake_mutex_);
    to_notify = finish_turn(strand);
  }
  if (to_notify != nullptr) to_notify->condition.notify_one();
}

[[gnu::always_inline]] inline QueuedJob* ThreadPool::next_job(Worker& worker) {
  const CoarseTick now = worker.ticks.tick();
  ready_mutex_.lock();
  QueuedJob* const finished = std::exchange(worker.running, nullptr);
  QueuedJob* const next = ready_.pop_front();
  if (next == nullptr) return next_of_inbox(worker, finished);
  ready_count_.store(ready_.size(), std::memory_order_release);
  worker.running = next;
  worker.since = now;
  ready_mutex_.unlock();
  // While this one runs; whoever takes that one does so under the lock.
  if (next->next != nullptr) next->next->prefetch();
  if (finished != nullptr) end_job(worker, finished);
  return next;
}

// Where `ready_` is empty; another worker may fill it while this one ends its job. Lets go of the
// lock that the caller has taken.
QueuedJob* ThreadPool::next_of_inbox(Worker& worker, QueuedJob* finished) {
  for (;;) {
    QueuedJob* next;
    {
      SpinMutexLock intake(intake_mutex_);
      nodes_.give_back(worker.spare);
      ready_.refill_from(inbox_);
      next = ready_.pop_front();
      ready_count_.store(ready_.size(), std::memory_order_release);
      if (next == nullptr && finished == nullptr) {
        if (ending_) {
          ready_mutex_.unlock();
          return nullptr;
        }
        park(worker);
      }
    }
    worker.running = next;
    worker.since = worker.ticks.exact_tick();
    ready_mutex_.unlock();
    if (finished != nullptr) end_job(worker, finished);
    if (next != nullptr) return next;
    if (finished != nullptr) let_jobs_gather(worker);
    if (worker.parked) sleep_until_woken(worker);
    finished = nullptr;
    ready_mutex_.lock();
  }
}

void ThreadPool::run_worker(Worker& worker) {
  name_this_thread(name(), worker.name.substr(name().size()));
  here_ = &worker;
  {
    const SpinMutexLock lock(ready_mutex_);
    worker.card = ThreadCard::own();
  }
  while (QueuedJob* const node = next_job(worker)) {
    JobResult result = node->job.run_keeping_context();
    if (result.leaked_slot != nullptr) note_leaked_context(node->job, result.leaked_slot);
    if (result.error != nullptr) {
      report_failure(options_.on_failure, make_failure(name(), node->job, std::move(result.error)));
    }
  }
}

// A worker that is faster than the submitter would meet it at the inbox for each job, and the lock
// goes from processor to processor each time. Left alone for a moment it brings several at a time.
void ThreadPool::let_jobs_gather(Worker& worker) const {
  worker.parents.let_go();
  for (int i = 0; spins_ && i < kGatherSpins; ++i) pause_briefly();
}

// Under both locks, so that no job can arrive between the look at the queue and the parking.
void ThreadPool::park(Worker& worker) {
  worker.parked = true;
  parked_.push_back(&worker);
  if (spins_ && spinning_ == nullptr) spinning_ = &worker;
  if (parked_.size() == started_) tell_waiters();
}

void ThreadPool::sleep_until_woken(Worker& worker) {
  worker.parked = false;
  bool spin;
  {
    SpinMutexLock lock(intake_mutex_);
    spin = spinning_ == &worker;
  }
  for (int i = 0; spin && i < kSpins && !worker.woken.load(std::memory_order_acquire); ++i) {
    pause_briefly();
  }
  SpinMutexLock lock(intake_mutex_);
  if (spin) spinning_ = nullptr;
  worker.asleep = true;
  while (!worker.woken.load(std::memory_order_relaxed)) worker.condition.wait(intake_mutex_);
  worker.asleep = false;
  worker.woken.store(false, std::memory_order_relaxed);
}

void ThreadPool::run_timers() {
  name_this_thread(name(), "-timer");
  while (const std::optional<absl::Duration> next_due = queue_due_jobs(clock_.now())) {
    clock_.sleep_until(*next_due);
  }
}

std::optional<absl::Duration> ThreadPool::queue_due_jobs(absl::Duration now) {
  const SpinMutexLock lock(intake_mutex_);
  if (closed_) return std::nullopt;
  while (!timers_.empty() && timers_.next_due() <= now) {
    Worker* const to_notify = enqueue(timers_.pop());
    if (to_notify != nullptr) to_notify->condition.notify_one();
  }
  return timers_.empty() ? absl::InfiniteDuration() : timers_.next_due();
}

}  // namespace drydock::internal
