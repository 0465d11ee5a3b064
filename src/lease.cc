#include "src/lease.h"

#include <chrono>
#include <iterator>
#include <string>

#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "drydock/sandbox_errors.h"

namespace drydock::internal {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Whole milliseconds: finer digits only make two messages differ.
std::string since_text(SteadyClock::time_point since) {
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - since);
  return absl::FormatDuration(absl::FromChrono(elapsed));
}

}  // namespace

Lease::Lease(LeaseDesk& desk, SourceLocation where, absl::Duration timeout) : desk_(desk) {
  desk_.acquire(where, timeout);
}

Lease::~Lease() { desk_.release(); }

void LeaseDesk::acquire(SourceLocation where, absl::Duration timeout) {
  const auto now = SteadyClock::now();
  const MutexLock lock(mutex_);
  if (line_.empty()) {
    Party& party = line_.emplace_back();
    party.who = describe_current_job();
    party.where = where;
    party.thread = std::this_thread::get_id();
    party.since = now;
    party.served = true;
    return;
  }
  const auto own = line_.emplace(line_.end());
  own->who = describe_current_job();
  own->where = where;
  own->thread = std::this_thread::get_id();
  own->since = now;
  const auto deadline = now + absl::ToChronoNanoseconds(timeout);
  while (!own->served) {
    if (own->turn.wait_until(mutex_, deadline) || own->served) continue;
    const std::string message = timeout_message(*own, timeout);
    line_.erase(own);
    throw LeaseTimeoutError(message);
  }
}

void LeaseDesk::release() {
  const MutexLock lock(mutex_);
  line_.pop_front();
  if (line_.empty()) return;
  line_.front().served = true;
  line_.front().since = SteadyClock::now();
  line_.front().turn.notify_one();
}

std::string LeaseDesk::describe(const Party& party) {
  return party.who + ", in the transact at " + party.where.to_string() + ", for " +
         since_text(party.since);
}

std::string LeaseDesk::describe_holder() {
  const MutexLock lock(mutex_);
  return line_.empty() ? "" : describe(line_.front());
}

int LeaseDesk::line_length() {
  const MutexLock lock(mutex_);
  return static_cast<int>(line_.size());
}

std::string LeaseDesk::timeout_message(const Party& waiter, absl::Duration timeout) {
  std::string text =
      "drydock: the transact at " + waiter.where.to_string() + " waited " +
      absl::FormatDuration(timeout) +
      " for the sandbox's connection, which one thread can use at a time.\n  Held by " +
      describe(line_.front()) + ".";
  for (auto party = std::next(line_.begin()); party != line_.end(); ++party) {
    text += "\n  Waiting: " + describe(*party) + (&*party == &waiter ? " (this one)" : "") + ".";
  }
  return text +
         "\n  A transaction that waits for another thread's transaction, for instance by joining "
         "it inside the body of a transact, waits for ever: move the wait out of the body. A long "
         "one may be given more time with SandboxOptions::lease_timeout.";
}

}  // namespace drydock::internal
