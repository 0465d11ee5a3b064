#include "src/idle_wait.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "src/test_observer.h"

namespace drydock::internal {
namespace {

std::string own_job_message(const std::string& label, const std::string& who) {
  return "wait_idle() on " + label + " was called from " + who +
         ", which this executor runs: it would wait for itself. Call it from outside the "
         "executor's jobs; work that follows other work is submitted by the last job of that.";
}

std::string own_queue_message(const std::string& label, const std::string& who,
                              const std::vector<NamedJob>& jobs) {
  constexpr std::size_t kMostListed = 10;
  std::string text = "wait_idle() on " + label + " was called from " + who +
                     ", on the only thread that could run what is queued there:";
  for (std::size_t i = 0; i < jobs.size() && i < kMostListed; ++i) text += "\n  " + jobs[i].text;
  if (jobs.size() > kMostListed) {
    text += "\n  … and " + std::to_string(jobs.size() - kMostListed) + " more";
  }
  return text +
         "\n  It would wait for ever. What a deferred executor holds runs when the test drains: "
         "call drain() before wait_idle(), or in its place. What an inline executor holds runs "
         "when the calling thread's transaction or job ends: wait after that.";
}

std::string no_thread_message(const std::string& label, const std::string& who,
                              const UnfinishedJobs& jobs) {
  return "wait_idle() on " + label + " was called from " + who +
         ", which has the last thread that could run what is queued there:" + jobs.lines() +
         "\n  It would wait for ever. Submit what comes after these jobs as a job of its own, by "
         "the last of them, or give the executor more threads.";
}

std::string ring_message(const std::string& label, const std::string& who,
                         const std::string& ring) {
  return "wait_idle() on " + label + " was called from " + who +
         " and would wait for ever, since what it waits for waits for it:" + ring +
         "\n  In a transaction, wait after transact() has returned. In a job, submit what comes "
         "after the others as a job of its own, by the last of them.";
}

}  // namespace

class IdleWait::Listening {
 public:
  explicit Listening(const std::vector<IdleSource*>& sources) : sources_(sources) {
    for (IdleSource* const source : sources_) {
      source->lock_jobs();
      source->add(listener_);
      source->unlock_jobs();
    }
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() {
    for (IdleSource* const source : sources_) {
      source->lock_jobs();
      source->remove(listener_);
      source->unlock_jobs();
    }
  }

  bool wait_until(SteadyTime deadline) { return listener_.wait_until(deadline); }

 private:
  const std::vector<IdleSource*>& sources_;
  IdleListener listener_;
};

IdleWait::IdleWait(std::vector<IdleTarget> targets, absl::Duration timeout)
    : targets_(std::move(targets)), timeout_(timeout), deadline_(deadline_after(timeout)) {
  for (const IdleTarget& target : targets_) sources_.push_back(target.source);
  std::sort(sources_.begin(), sources_.end(), std::less<>());
  sources_.erase(std::unique(sources_.begin(), sources_.end()), sources_.end());
}

// At one moment: a job that goes from one executor to another is in one of them.
bool IdleWait::all_idle() const {
  for (IdleSource* const source : sources_) source->lock_jobs();
  const bool idle = std::all_of(targets_.begin(), targets_.end(), [this](const IdleTarget& target) {
    return target.source->idle(target, deadline_);
  });
  for (IdleSource* const source : sources_) source->unlock_jobs();
  return idle;
}

bool IdleWait::may_end(const StuckThreads& stuck) const {
  return std::all_of(targets_.begin(), targets_.end(), [&](const IdleTarget& target) {
    return target.source->may_become_idle(target, deadline_, stuck);
  });
}

std::string IdleWait::labels() const {
  std::string text;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (i > 0) text += i + 1 == targets_.size() ? " and " : ", ";
    text += targets_[i].label;
  }
  return text;
}

std::string IdleWait::what() const {
  return "until " + labels() + (targets_.size() == 1 ? " is idle" : " are idle");
}

IdleWait::Outcome IdleWait::wait_until_idle(bool leave_if_blocked, std::string* ring) {
  for (IdleSource* const source : sources_) source->revive();
  if (all_idle()) return Outcome::kIdle;
  Listening listening(sources_);
  WaitScope scope(*this);
  bool in_time = true;
  while (true) {
    if (all_idle()) return Outcome::kIdle;
    if (leave_if_blocked) {
      *ring = scope.blocked();
      if (!ring->empty()) return Outcome::kBlocked;
    }
    if (!in_time) return Outcome::kTimedOut;
    in_time = listening.wait_until(deadline_);
  }
}

bool IdleWait::wait_at_any_rate() {
  std::string ring;
  return wait_until_idle(/*leave_if_blocked=*/false, &ring) == Outcome::kIdle;
}

absl::Status IdleWait::wait() {
  std::string ring;
  const Outcome outcome = wait_until_idle(/*leave_if_blocked=*/true, &ring);
  if (outcome == Outcome::kIdle) return absl::OkStatus();
  if (outcome == Outcome::kBlocked) return blocked_status(ring);
  const UnfinishedJobs jobs = list();
  return absl::DeadlineExceededError(
      "drydock: " + labels() + (targets_.size() == 1 ? " is" : " are") + " not idle after " +
      describe_duration(timeout_) + ": " + jobs.summary() + ":" + jobs.lines());
}

UnfinishedJobs IdleWait::list() const {
  UnfinishedJobs jobs;
  jobs.set_names_executors(targets_.size() > 1);
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const IdleTarget& target = targets_[i];
    // Each job once: a strand's jobs are among those of its base.
    bool listed = false;
    for (std::size_t j = 0; j < targets_.size() && !listed; ++j) {
      const IdleTarget& other = targets_[j];
      const bool same = other.source == target.source && other.lane == target.lane;
      listed = same && other.strand == target.strand ? j < i
               : same                                ? other.strand == nullptr
                                                     : false;
    }
    if (!listed) target.source->list_unfinished(target, jobs);
  }
  return jobs;
}

absl::Status IdleWait::blocked_status(const std::string& ring) const {
  std::string text;
  NamedJob job;
  IdleSource* finder = sources_.front();
  for (const IdleTarget& target : targets_) {
    const std::vector<NamedJob> own = target.source->waiting_for_this_thread(target);
    if (target.source->runs_here(target)) {
      text = own_job_message(target.label, who());
    } else if (!own.empty()) {
      text = own_queue_message(target.label, who(), own);
      job = own.front();
    } else {
      continue;
    }
    finder = target.source;
    break;
  }
  const bool alone = std::count(ring.begin(), ring.end(), '\n') == 1;
  if (text.empty()) {
    text = alone ? no_thread_message(labels(), who(), list()) : ring_message(labels(), who(), ring);
  }
  if (!finder->note_blocked(text, job)) note_blocked(text);
  return absl::FailedPreconditionError("drydock: " + text);
}

}  // namespace drydock::internal
