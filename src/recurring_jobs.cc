#include "src/recurring_jobs.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "drydock/executor_errors.h"
#include "drydock/job_failure.h"
#include "src/running_job.h"

namespace drydock::internal {

// What the executor has of one run.
class RecurringJobs::Run {
 public:
  Run(std::shared_ptr<RecurringJobs> jobs, JobId id, std::shared_ptr<Entry> entry)
      : jobs_(std::move(jobs)), id_(id), entry_(std::move(entry)) {}
  Run(Run&&) = default;
  Run& operator=(Run&&) = delete;
  // Unrun: the executor has ended, or it was taken back.
  ~Run() {
    if (jobs_ != nullptr) jobs_->forget(id_);
  }

  void operator()() && {
    const std::shared_ptr<RecurringJobs> jobs = std::move(jobs_);
    jobs->run(id_, entry_);
  }

 private:
  std::shared_ptr<RecurringJobs> jobs_;
  JobId id_;
  std::shared_ptr<Entry> entry_;
};

void RecurringJobs::start(SubmittedJob first, absl::Duration period, RecurringJob body,
                          Submit submit, TakeBack take_back) {
  const JobId id = first.id();
  auto entry = std::make_shared<Entry>();
  entry->body = std::move(body);
  entry->period = period;
  entry->due = clock_.now() + first.delay();
  entry->submit = std::move(submit);
  entry->take_back = std::move(take_back);
  {
    const MutexLock lock(mutex_);
    entries_.emplace(id, entry);
  }
  first.set_recurring();
  first.decorate([&](const Job&) { return Job(Run(shared_from_this(), id, entry)); });
  entry->submit(std::move(first));
}

void RecurringJobs::run(JobId id, const std::shared_ptr<Entry>& entry) {
  if (!begin(*entry)) {
    forget(id);
    return;
  }
  std::exception_ptr error;
  try {
    entry->body();
  } catch (...) {
    error = std::current_exception();
  }
  {
    const MutexLock lock(mutex_);
    entry->running = false;
  }
  // The job's own failure is told rather than that of its next submit.
  try {
    submit_next(id, entry);
  } catch (...) {
    if (error == nullptr) throw;
  }
  if (error != nullptr) std::rethrow_exception(error);
}

bool RecurringJobs::begin(Entry& entry) {
  const MutexLock lock(mutex_);
  entry.running = !entry.cancelled;
  return entry.running;
}

void RecurringJobs::submit_next(JobId id, const std::shared_ptr<Entry>& entry) {
  if (is_cancelled(*entry)) {
    forget(id);
    return;
  }
  entry->due += entry->period;
  const absl::Duration delay = std::max(entry->due - clock_.now(), absl::ZeroDuration());
  SubmittedJob next =
      RunningJob::innermost()->job().again(delay, Job(Run(shared_from_this(), id, entry)));
  try {
    entry->submit(std::move(next));
  } catch (const ExecutorShutDownError&) {
    return;
  } catch (...) {
    throw JobDroppedError("it will not run again, since the executor refused its next run: " +
                          describe(std::current_exception()));
  }
  // Cancelled while it was on its way.
  if (!is_cancelled(*entry)) return;
  entry->take_back(id);
  forget(id);
}

bool RecurringJobs::is_cancelled(const Entry& entry) {
  const MutexLock lock(mutex_);
  return entry.cancelled;
}

std::optional<bool> RecurringJobs::cancel(JobId id) {
  RecurringJob body;  // destroyed without the lock
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = *found->second;
  if (entry.cancelled) return false;
  entry.cancelled = true;
  if (!entry.running) body = std::move(entry.body);
  return true;
}

void RecurringJobs::forget(JobId id) {
  std::shared_ptr<Entry> entry;  // destroyed without the lock
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  entry = std::move(found->second);
  entries_.erase(found);
}

}  // namespace drydock::internal
