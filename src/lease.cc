#include "src/lease.h"

#include <chrono>
#include <iterator>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "drydock/sandbox_errors.h"
#include "src/deadline.h"
#include "src/test_observer.h"
#include "src/thread_card.h"
#include "src/waits.h"

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

// A party's wait for the one that holds the connection.
class LeaseDesk::HandOver final : public Wait {
 public:
  HandOver(LeaseDesk& desk, Parties::iterator own, SteadyTime deadline)
      : desk_(desk), own_(own), deadline_(deadline) {}

  bool may_end(const StuckThreads& stuck) const override {
    const MutexLock lock(desk_.mutex_);
    return own_->served || !is_stuck(stuck, desk_.line_.front().thread);
  }
  std::string what() const override {
    const MutexLock lock(desk_.mutex_);
    const Party& holder = desk_.line_.front();
    return "for the sandbox's connection in the transact at " + own_->where.to_string() +
           ", held by " + holder.who + " in the transact at " + holder.where.to_string();
  }

  SteadyTime deadline() const override { return deadline_; }

 private:
  LeaseDesk& desk_;
  const Parties::iterator own_;
  const SteadyTime deadline_;
};

LeaseDesk::Parties::iterator LeaseDesk::join_line(SourceLocation where) {
  const auto own = line_.emplace(line_.end());
  own->who = describe_current_job();
  own->where = where;
  own->thread = std::this_thread::get_id();
  own->since = SteadyClock::now();
  own->served = own == line_.begin();
  return own;
}

void LeaseDesk::acquire(SourceLocation where, absl::Duration timeout) {
  Parties::iterator own;
  {
    const MutexLock lock(mutex_);
    own = join_line(where);
    if (own->served) return;
  }
  wait_in_line(own, timeout);
}

void LeaseDesk::wait_in_line(Parties::iterator own, absl::Duration timeout) {
  std::string ring;
  {
    const SteadyTime deadline = deadline_after(timeout);
    const HandOver wait(*this, own, deadline);
    WaitScope scope(wait);
    const ActivityScope activity(std::make_shared<TextActivity>("waits " + wait.what()));
    ring = scope.blocked();
    const MutexLock lock(mutex_);
    bool in_time = true;
    while (!own->served && ring.empty() && in_time) {
      in_time = own->turn.wait_until(mutex_, deadline);
    }
  }
  // From here on nobody looks at the place in line but those who serve it.
  std::string message;
  {
    const MutexLock lock(mutex_);
    if (own->served) return;
    message = ring.empty() ? timeout_message(*own, timeout) : blocked_message(*own, ring);
    line_.erase(own);
  }
  if (ring.empty()) throw LeaseTimeoutError(message);
  note_blocked(message);
  throw SandboxBlockedError("drydock: " + message);
}

void LeaseDesk::release() {
  const MutexLock lock(mutex_);
  line_.pop_front();
  if (line_.empty()) return;
  line_.front().served = true;
  line_.front().since = SteadyClock::now();
  line_.front().turn.notify_one();
}

std::string LeaseDesk::blocked_message(const Party& waiter, const std::string& ring) {
  return "the transact at " + waiter.where.to_string() +
         " would wait for ever for the sandbox's connection, which one thread can use at a time: "
         "the transaction that holds it waits for this one." +
         ring +
         "\n  Wait for the other threads after transact() has returned, not inside its body. In "
         "production, with a connection for each, it would work only for as long as the pool has "
         "one left; a test of that needs SandboxOptions{.strategy = drydock::Strategy::kClone}.";
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
