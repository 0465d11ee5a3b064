#include "src/mailbox.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "drydock/current_job.h"
#include "src/deadline.h"
#include "src/job_text.h"
#include "src/lineage.h"

namespace drydock::internal {

// The closure that the base runs: the job's own, then the end of its turn.
class Mailbox::Turn {
 public:
  Turn(std::shared_ptr<Mailbox> mailbox, Job job)
      : mailbox_(std::move(mailbox)), job_(std::move(job)) {}
  Turn(Turn&&) = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (mailbox_ == nullptr) return;
    mailbox_->end_turn();
    if (ran_) mailbox_->pump();
  }

  void operator()() && {
    ran_ = true;
    mailbox_->turn_runs();
    // Gone with all it owns before the next job starts.
    Job job = std::move(job_);
    std::move(job)();
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  Job job_;
  bool ran_ = false;
};

Mailbox::WithBase::WithBase(const Waiting& next)
    : id(next.job.id()),
      name(next.job.name()),
      where(next.job.where()),
      parents(next.job.share_parents()),
      since(next.since) {}

std::string Mailbox::WithBase::describe() const {
  return describe_job(
      name, id, where,
      parents.get() == nullptr ? std::vector<JobAncestor>() : parents.get()->chain());
}

void Mailbox::submit(SubmittedJob job) {
  if (job.delay() > absl::ZeroDuration()) {
    submit_delayed(std::move(job));
    return;
  }
  const JobId id = job.id();
  {
    MutexLock lock(mutex_);
    waiting_.push_back({std::move(job), coarse_now()});
  }
  pump(id);
}

// The base waits for the delay, with a job of the same name and id that then asks for a turn.
void Mailbox::submit_delayed(SubmittedJob job) {
  JobOptions options{.name = job.given_name(), .delay = job.delay()};
  const JobId id = job.id();
  const SourceLocation where = job.where();
  job.clear_delay();
  forward_(SubmittedJob(
      id, std::move(options),
      [self = shared_from_this(), job = std::move(job)]() mutable { self->submit(std::move(job)); },
      where));
}

void Mailbox::pump(JobId submitted) {
  // A base that runs jobs here may run one that destroys the strand.
  const std::shared_ptr<Mailbox> self = shared_from_this();
  std::exception_ptr refused;
  while (std::optional<SubmittedJob> job = begin_turn()) {
    const JobId id = job->id();
    const std::string name = job->name();
    const SourceLocation where = job->where();
    job->decorate([&self](Job run) { return Job(Turn(self, std::move(run))); });
    try {
      forward_(*std::move(job));
    } catch (...) {
      if (id == submitted) {
        refused = std::current_exception();
      } else {
        report_dropped(describe_job(name, id, where, {}));
      }
    }
    MutexLock lock(mutex_);
    pumping_ = false;
  }
  if (refused != nullptr) std::rethrow_exception(refused);
}

std::optional<SubmittedJob> Mailbox::begin_turn() {
  MutexLock lock(mutex_);
  if (pumping_ || with_base_ || waiting_.empty()) return std::nullopt;
  with_base_.emplace(waiting_.front());
  std::optional<SubmittedJob> job(std::move(waiting_.front().job));
  waiting_.pop_front();
  pumping_ = true;
  return job;
}

void Mailbox::turn_runs() {
  MutexLock lock(mutex_);
  with_base_->thread = std::this_thread::get_id();
  with_base_->since = coarse_now();
}

void Mailbox::end_turn() {
  MutexLock lock(mutex_);
  with_base_.reset();
  if (waiting_.empty()) idle_.notify_all();
}

void Mailbox::report_dropped(const std::string& job) const {
  const std::string line =
      "drydock: strand '" + name_ + "' dropped job " + job +
      ": its base refused it when its turn came: " + describe(std::current_exception()) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool Mailbox::cancel(JobId id) {
  // Declared first, so that the job is destroyed without the lock.
  std::optional<SubmittedJob> cancelled;
  MutexLock lock(mutex_);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [id](const Waiting& waiting) { return waiting.job.id() == id; });
  if (found == waiting_.end()) return false;
  cancelled = std::move(found->job);
  waiting_.erase(found);
  if (waiting_.empty()) idle_.notify_all();
  return true;
}

absl::Status Mailbox::wait_idle(absl::Duration timeout) {
  pump();
  const SteadyTime deadline = deadline_after(timeout);
  MutexLock lock(mutex_);
  if (with_base_ && with_base_->thread == std::this_thread::get_id()) {
    return absl::FailedPreconditionError(
        "drydock: wait_idle() on strand '" + name_ + "' was called from " + describe_current_job() +
        ", which this strand runs: it would wait for itself. Call it from outside the strand's "
        "jobs; work that follows other work is submitted by the last job of that.");
  }
  bool in_time = true;
  while ((with_base_ || !waiting_.empty()) && in_time) {
    in_time = idle_.wait_until(mutex_, deadline);
  }
  if (!with_base_ && waiting_.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError("drydock: strand '" + name_ + "' is not idle after " +
                                     describe_duration(timeout) + ": " + describe_unfinished());
}

std::string Mailbox::describe_unfinished() const {
  UnfinishedJobs jobs;
  if (with_base_) {
    jobs.add({with_base_->describe(), with_base_->thread ? "of the base" : "",
              coarse_age(with_base_->since), absl::ZeroDuration()});
  }
  for (const Waiting& waiting : waiting_) jobs.add_queued(waiting.job, coarse_age(waiting.since));
  return jobs.summary() + ":" + jobs.lines();
}

}  // namespace drydock::internal
