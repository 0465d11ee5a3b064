#include "src/mailbox.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "src/job_text.h"
#include "src/outside_job.h"
#include "src/transaction_mark.h"

namespace drydock::internal {

// The closure that the base runs: the job's own, then the end of its turn.
class Mailbox::Turn {
 public:
  Turn(std::shared_ptr<Mailbox> mailbox, JobBody job)
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
    const TransactionMark::Forwarding no_more(false);
    // Gone with all it owns before the next job starts.
    JobBody job = std::move(job_);
    std::move(job)();
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  JobBody job_;
  bool ran_ = false;
};

// Counts a delayed job from its submit until its turn is asked for, or until the base drops it.
class Mailbox::Delay {
 public:
  Delay(std::shared_ptr<Mailbox> mailbox, Delays::iterator place)
      : mailbox_(std::move(mailbox)), place_(place) {}
  Delay(Delay&&) = default;
  Delay& operator=(Delay&&) = delete;
  ~Delay() {
    if (mailbox_ != nullptr) mailbox_->end_delay(place_);
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  Delays::iterator place_;
};

Mailbox::WithBase::WithBase(const SubmittedJob& job, CoarseTime since_time)
    : id(job.id()),
      name(job.name()),
      where(job.where()),
      parents(job.share_parents()),
      observer(observer_of(job)),
      since(since_time) {}

std::string Mailbox::WithBase::describe() const {
  return describe_job(
      name, id, where,
      parents.get() == nullptr ? std::vector<JobAncestor>() : parents.get()->chain());
}

void Mailbox::submit(SubmittedJob job) {
  see_outside_submit(job, name_);
  if (job.is_delayed()) {
    submit_delayed(std::move(job));
  } else {
    add(std::move(job));
  }
}

void Mailbox::add(SubmittedJob job) {
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
  const bool recurring = job.recurring();
  std::optional<Delay> delay;
  if (!recurring) {
    const MutexLock lock(mutex_);
    const Delays::iterator place = delayed_.emplace(delayed_.end(), job, coarse_now());
    place->due = deadline_after(job.delay());
    delay.emplace(shared_from_this(), place);
  }
  job.clear_delay();
  SubmittedJob wait(
      id, std::move(options),
      [self = shared_from_this(), job = std::move(job), delay = std::move(delay)]() mutable {
        self->add(std::move(job));
      },
      where);
  if (recurring) wait.set_recurring();
  const TransactionMark::Forwarding seen;
  forward_(std::move(wait));
}

void Mailbox::end_delay(Delays::iterator delay) {
  const MutexLock lock(mutex_);
  delayed_.erase(delay);
  if (has_listeners()) tell_listeners();
}

void Mailbox::pump(JobId submitted) {
  // A base that runs jobs here may run one that destroys the strand.
  const std::shared_ptr<Mailbox> self = shared_from_this();
  std::exception_ptr refused;
  while (std::optional<SubmittedJob> job = begin_turn()) {
    const JobId id = job->id();
    const std::string name = job->name();
    const SourceLocation where = job->where();
    job->decorate([&self](JobBody run) { return Turn(self, std::move(run)); });
    try {
      const TransactionMark::Forwarding seen;
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
  with_base_.emplace(waiting_.front().job, waiting_.front().since);
  std::optional<SubmittedJob> job(std::move(waiting_.front().job));
  waiting_.pop_front();
  pumping_ = true;
  return job;
}

void Mailbox::turn_runs() {
  const std::shared_ptr<ThreadCard>& card = ThreadCard::own();
  MutexLock lock(mutex_);
  with_base_->thread = std::this_thread::get_id();
  with_base_->card = card;
  with_base_->since = coarse_now();
}

void Mailbox::end_turn() {
  MutexLock lock(mutex_);
  with_base_.reset();
  if (has_listeners()) tell_listeners();
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
  if (has_listeners()) tell_listeners();
  return true;
}

// --- What it tells those who wait.

bool Mailbox::idle(const IdleTarget& /*target*/, SteadyTime deadline) const {
  return !with_base_ && waiting_.empty() &&
         std::none_of(delayed_.begin(), delayed_.end(),
                      [&](const WithBase& delayed) { return delayed.due <= deadline; });
}

// Of the base's threads nothing is known but which of them runs a job of this strand.
bool Mailbox::may_become_idle(const IdleTarget& /*target*/, SteadyTime /*deadline*/,
                              const StuckThreads& stuck) {
  const MutexLock lock(mutex_);
  return !with_base_ || !is_stuck(stuck, with_base_->thread);
}

bool Mailbox::runs_here(const IdleTarget& /*target*/) {
  const MutexLock lock(mutex_);
  return with_base_ && with_base_->thread == std::this_thread::get_id();
}

void Mailbox::list_unfinished(const IdleTarget& /*target*/, UnfinishedJobs& jobs) {
  const std::string label = idle_target().label;
  const MutexLock lock(mutex_);
  if (with_base_ && jobs.wants(with_base_->observer)) {
    UnfinishedJob line{.job = with_base_->describe(),
                       .executor = label,
                       .since = coarse_age(with_base_->since),
                       .handed_on = true};
    if (with_base_->card != nullptr) {
      line.thread = with_base_->card->name();
      line.activity = with_base_->card->activity();
    }
    jobs.add(std::move(line));
  }
  for (const Waiting& waiting : waiting_) {
    if (!jobs.wants(observer_of(waiting.job))) continue;
    jobs.add(
        {.job = describe_job(waiting.job), .executor = label, .since = coarse_age(waiting.since)});
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const WithBase& delayed : delayed_) {
    if (!jobs.wants(delayed.observer)) continue;
    jobs.add({.job = delayed.describe(),
              .executor = label,
              .since = coarse_age(delayed.since),
              .due_in = absl::FromChrono(delayed.due - now),
              .handed_on = true});
  }
}

}  // namespace drydock::internal
