#include "src/job_ledger.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "drydock/executor_errors.h"
#include "drydock/misuse_error.h"
#include "src/executor_text.h"
#include "src/idle_wait.h"
#include "src/outside_job.h"
#include "src/thread_name.h"

namespace drydock::internal {

// The closure that runs a job. Whoever has it may run it or not; it ends the entry with it.
class JobLedger::Ticket {
 public:
  Ticket(std::shared_ptr<JobLedger> ledger, Place entry)
      : ledger_(std::move(ledger)), entry_(entry) {}
  Ticket(Ticket&&) = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (ledger_ != nullptr) ledger_->let_go(entry_);
  }

  void operator()() && { ledger_->run(entry_); }

  const std::shared_ptr<JobLedger>& ledger() const { return ledger_; }
  Place entry() const { return entry_; }

 private:
  std::shared_ptr<JobLedger> ledger_;
  Place entry_;
};

// The closure that waits for a delay. Where the executor has ended, the ticket is void, and
// `hand_over`, which refers to the executor, is not called.
class JobLedger::DueCall {
 public:
  DueCall(Ticket ticket, absl::AnyInvocable<void(Job)> hand_over)
      : ticket_(std::move(ticket)), hand_over_(std::move(hand_over)) {}

  void operator()() && {
    const std::shared_ptr<JobLedger> ledger = ticket_.ledger();
    ledger->become_due(std::move(ticket_), hand_over_);
  }

 private:
  Ticket ticket_;
  absl::AnyInvocable<void(Job)> hand_over_;
};

// --- the way of a job -----------------------------------------------------------------------

JobLedger::Place JobLedger::add(SubmittedJob& job, State state) {
  see_outside_submit(job, name_);
  {
    MutexLock lock(mutex_);
    if (!refuses(job)) {
      const Place entry = entries_.emplace(entries_.end());
      entry->due = deadline_after(job.delay());
      entry->observer = observer_of(job);
      entry->job.emplace(std::move(job));
      entry->state = state;
      entry->since = coarse_now();
      entry->pins = 1;
      ++pins_;
      if (state == State::kQueued) ++current_;
      return entry;
    }
  }
  throw ExecutorShutDownError(describe_refusal_after_shutdown(name_, job));
}

void JobLedger::submit(SubmittedJob job, HandOver hand_over) {
  const Place entry = add(job, State::kQueued);
  try {
    hand_over(Job(Ticket(shared_from_this(), entry)));
  } catch (...) {
    unpin(entry, std::current_exception(), true);
    throw;
  }
  unpin(entry, nullptr, true);
}

void JobLedger::submit_delayed(SubmittedJob job, CallAt call_at,
                               absl::AnyInvocable<void(Job)> hand_over) {
  const Place entry = add(job, State::kDelayed);
  try {
    keep_withdraw(
        entry,
        call_at(entry->due, Job(DueCall(Ticket(shared_from_this(), entry), std::move(hand_over)))));
  } catch (...) {
    unpin(entry, std::current_exception(), true);
    throw;
  }
  unpin(entry, nullptr, true);
}

void JobLedger::keep_withdraw(Place entry, Withdraw withdraw) {
  {
    MutexLock lock(mutex_);
    if (entry->state == State::kDelayed) {
      entry->withdraw = std::move(withdraw);
      return;
    }
  }
  // Taken back in the meantime, or due already, when this does nothing.
  withdraw();
}

void JobLedger::become_due(Ticket ticket, absl::AnyInvocable<void(Job)>& hand_over) {
  const Place entry = ticket.entry();
  Withdraw withdraw;
  {
    MutexLock lock(mutex_);
    if (entry->state != State::kDelayed) return;
    entry->state = State::kQueued;
    withdraw = std::move(entry->withdraw);
    ++current_;
    ++entry->pins;
    ++pins_;
  }
  std::exception_ptr refusal;
  try {
    hand_over(Job(std::move(ticket)));
  } catch (...) {
    refusal = std::current_exception();
  }
  unpin(entry, refusal, false);
}

void JobLedger::unpin(Place entry, const std::exception_ptr& refusal, bool submitter_is_told) {
  std::optional<Taken> taken;
  {
    MutexLock lock(mutex_);
    --entry->pins;
    const bool abandoned = entry->abandoned && entry->pins == 0;
    if (waits(*entry) && (refusal != nullptr || abandoned)) taken.emplace(take(entry));
    if (abandoned) entries_.erase(entry);
  }
  if (refusal == nullptr) {
    drop(std::move(taken), "what the executor stands on destroyed it unrun");
  } else if (submitter_is_told) {
    discard(std::move(taken));
  } else {
    drop(std::move(taken),
         "what the executor stands on refused it when it was due: " + describe(refusal));
  }
  MutexLock lock(mutex_);
  --pins_;
  tell_waiters();
}

void JobLedger::run(Place entry) {
  const std::shared_ptr<ThreadCard>& card = ThreadCard::own();
  {
    MutexLock lock(mutex_);
    if (entry->state != State::kQueued) return;
    entry->state = State::kRunning;
    entry->since = coarse_now();
    entry->thread = pthread_self();
    entry->card = card;
    running_.push_back(std::this_thread::get_id());
  }
  JobResult result = entry->job->run_keeping_context();
  if (result.leaked_slot != nullptr) note_leaked_context(*entry->job, result.leaked_slot);
  entry->job->take_context();
  if (result.error != nullptr) {
    report_failure(on_failure_, make_failure(name_, *entry->job, std::move(result.error)));
  }
  MutexLock lock(mutex_);
  entry->state = State::kGone;
  entry->job.reset();
  running_.erase(std::find(running_.begin(), running_.end(), std::this_thread::get_id()));
  --current_;
  tell_waiters();
}

void JobLedger::let_go(Place entry) {
  std::optional<Taken> taken;
  {
    MutexLock lock(mutex_);
    entry->abandoned = true;
    if (entry->pins > 0) return;
    if (waits(*entry)) taken.emplace(take(entry));
    entries_.erase(entry);
  }
  drop(std::move(taken), "what the executor stands on destroyed it unrun");
}

// --- jobs that will not run -----------------------------------------------------------------

JobLedger::Taken JobLedger::take(Place entry) {
  if (entry->state == State::kDelayed) ++current_;
  entry->state = State::kGone;
  Taken taken{*std::move(entry->job), std::move(entry->withdraw)};
  entry->job.reset();
  return taken;
}

void JobLedger::discard(std::optional<Taken> taken) {
  if (!taken) return;
  if (taken->withdraw) taken->withdraw();
  taken.reset();
  MutexLock lock(mutex_);
  --current_;
  tell_waiters();
}

void JobLedger::drop(std::optional<Taken> taken, const std::string& why) {
  if (!taken) return;
  if (!taken->job.recurring()) {
    report_failure(on_failure_,
                   make_failure(name_, taken->job, std::make_exception_ptr(JobDroppedError(why))));
  }
  discard(std::move(taken));
}

void JobLedger::drop_all(std::vector<Taken> taken, const std::string& why) {
  for (Taken& each : taken) drop(std::move(each), why);
}

bool JobLedger::cancel(JobId id) {
  std::optional<Taken> taken;
  {
    MutexLock lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [id](const Entry& entry) {
      return waits(entry) && entry.job->id() == id;
    });
    if (found == entries_.end()) return false;
    taken.emplace(take(found));
  }
  discard(std::move(taken));
  return true;
}

// --- waiting and ending ---------------------------------------------------------------------

bool JobLedger::on_own_job() const {
  return std::find(running_.begin(), running_.end(), std::this_thread::get_id()) != running_.end();
}

bool JobLedger::refuses(const SubmittedJob& job) const {
  if (ended_ || !closed_) return ended_;
  if (job.recurring() || job.is_delayed()) return true;
  return !on_own_job() && !(takes_from_jobs_ && job.parent());
}

void JobLedger::close(bool takes_from_jobs) {
  std::vector<Taken> not_due;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    takes_from_jobs_ = takes_from_jobs;
    const SteadyTime now = std::chrono::steady_clock::now();
    for (Place entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->state == State::kDelayed && entry->due > now) not_due.push_back(take(entry));
    }
  }
  drop_all(std::move(not_due), "its delay had not passed when the executor was shut down");
}

absl::Status JobLedger::shutdown(absl::Duration timeout) {
  {
    MutexLock lock(mutex_);
    if (on_own_job()) throw MisuseError(describe_shutdown_by_own_job(name_));
  }
  close(/*takes_from_jobs=*/false);
  IdleWait wait({idle_target()}, timeout);
  if (wait.wait_at_any_rate()) return absl::OkStatus();
  return not_shut_down(name_, timeout, wait.list());
}

void JobLedger::end() {
  std::vector<Taken> waiting;
  {
    MutexLock lock(mutex_);
    closed_ = ended_ = true;
    for (Place entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (waits(*entry)) waiting.push_back(take(entry));
    }
  }
  drop_all(std::move(waiting),
           "the executor was destroyed before it ran. Call shutdown() first, which runs what is "
           "queued");
  MutexLock lock(mutex_);
  while (current_ > 0 || pins_ > 0) changed_.wait(mutex_);
}

// --- what it tells those who wait -----------------------------------------------------------

bool JobLedger::idle(const IdleTarget& /*target*/, SteadyTime deadline) const {
  return current_ == 0 &&
         std::none_of(entries_.begin(), entries_.end(), [deadline](const Entry& entry) {
           return entry.state == State::kDelayed && entry.due <= deadline &&
                  !entry.job->recurring();
         });
}

// Of the other side's threads nothing is known but which of them run its jobs.
bool JobLedger::may_become_idle(const IdleTarget& /*target*/, SteadyTime /*deadline*/,
                                const StuckThreads& stuck) {
  MutexLock lock(mutex_);
  return std::none_of(running_.begin(), running_.end(),
                      [&](std::thread::id thread) { return is_stuck(stuck, thread); });
}

bool JobLedger::runs_here(const IdleTarget& /*target*/) {
  MutexLock lock(mutex_);
  return on_own_job();
}

void JobLedger::list_unfinished(const IdleTarget& /*target*/, UnfinishedJobs& jobs) {
  const std::string label = idle_target().label;
  MutexLock lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.state != State::kRunning || !jobs.wants(entry.observer)) continue;
    jobs.add({.job = describe_job(*entry.job),
              .executor = label,
              .thread = name_of(entry.thread),
              .since = coarse_age(entry.since),
              .activity = entry.card->activity()});
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const Entry& entry : entries_) {
    if (!waits(entry) || !jobs.wants(entry.observer)) continue;
    const bool delayed = entry.state == State::kDelayed;
    if (delayed && entry.job->recurring()) continue;
    jobs.add({.job = describe_job(*entry.job),
              .executor = label,
              .since = coarse_age(entry.since),
              .due_in = delayed ? absl::FromChrono(entry.due - now) : absl::ZeroDuration()});
  }
}

}  // namespace drydock::internal
