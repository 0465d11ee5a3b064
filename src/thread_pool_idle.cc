// What a pool tells those who wait for its jobs.

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "src/test_observer.h"
#include "src/thread_pool.h"

namespace drydock::internal {
namespace {

bool wanted(const void* strand, const SubmittedJob& job) {
  return strand == nullptr || job.strand() == strand;
}

UnfinishedJob since(CoarseTick tick) {
  return {.since = coarse_tick_age(tick), .since_is_most = !is_exact(tick)};
}

}  // namespace

bool ThreadPool::idle(const IdleTarget& target, SteadyTime deadline) const {
  const bool at_rest = target.strand == nullptr ? inbox_.empty() && parked_.size() == started_
                                                : strands_.idle(target.strand);
  return at_rest && !has_due_by(deadline, target.strand);
}

// Where the clock was moved, the thread that waits for delays may not have seen it yet: a job whose
// time has come is as good as queued.
bool ThreadPool::has_due_by(SteadyTime deadline, const void* strand) const {
  if (timers_.empty()) return false;
  const absl::Duration now = clock_.now();
  const absl::Duration end = clock_.at(deadline);
  return std::any_of(timers_.entries().begin(), timers_.entries().end(),
                     [&](const TimerQueue::Entry& entry) {
                       const SubmittedJob& job = entry.node->job;
                       return entry.due <= (job.recurring() ? now : end) && wanted(strand, job);
                     });
}

bool ThreadPool::has_queued(const void* strand, SteadyTime deadline) const {
  bool found = false;
  const auto look = [&](const QueuedJob& node) { found = found || wanted(strand, node.job); };
  ready_.for_each(look);
  inbox_.for_each(look);
  strands_.for_each_waiting(look);
  return found || has_due_by(deadline, strand);
}

// A worker that waits inside a job is stuck with it, and a job that is queued needs one that is
// not.
bool ThreadPool::may_become_idle(const IdleTarget& target, SteadyTime deadline,
                                 const StuckThreads& stuck) {
  const SpinMutexLock ready(ready_mutex_);
  const SpinMutexLock intake(intake_mutex_);
  if (joined_) return true;
  bool someone_can_run = false;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (!is_stuck(stuck, worker->thread_id)) {
      someone_can_run = true;
    } else if (worker->running == nullptr ? target.strand == nullptr
                                          : wanted(target.strand, worker->running->job)) {
      return false;
    }
  }
  return someone_can_run || !has_queued(target.strand, deadline);
}

bool ThreadPool::runs_here(const IdleTarget& target) {
  const SpinMutexLock ready(ready_mutex_);
  const SpinMutexLock intake(intake_mutex_);
  if (joined_) return false;
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& worker) {
    return worker->thread_id == std::this_thread::get_id() &&
           (worker->running == nullptr || wanted(target.strand, worker->running->job));
  });
}

void ThreadPool::list_unfinished(const IdleTarget& target, UnfinishedJobs& jobs) {
  const std::string label = target.label.empty() ? idle_target().label : target.label;
  const auto in_list = [&](const SubmittedJob& job) {
    return wanted(target.strand, job) && jobs.wants(observer_of(job));
  };
  const auto add = [&](const SubmittedJob& job, UnfinishedJob line) {
    if (!jobs.only_counts()) line.job = describe_job(job);
    line.executor = label;
    jobs.add(std::move(line));
  };
  const auto add_queued = [&](const QueuedJob& node) {
    if (in_list(node.job)) add(node.job, since(node.since()));
  };
  const absl::Duration now = clock_.now();
  const SpinMutexLock ready(ready_mutex_);
  const SpinMutexLock intake(intake_mutex_);
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (worker->running == nullptr || !in_list(worker->running->job)) continue;
    UnfinishedJob line = since(worker->since);
    line.thread = worker->name;
    line.activity = worker->card->activity();
    add(worker->running->job, std::move(line));
  }
  ready_.for_each(add_queued);
  inbox_.for_each(add_queued);
  strands_.for_each_waiting(add_queued);
  for (const TimerQueue::Entry& entry : timers_.entries()) {
    const SubmittedJob& job = entry.node->job;
    if (!in_list(job) || (job.recurring() && entry.due > now)) continue;
    UnfinishedJob line = since(entry.node->since());
    line.due_in = entry.due - now;
    add(job, std::move(line));
  }
}

}  // namespace drydock::internal
