#include "src/connection_pool.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/test_observer.h"
#include "src/thread_card.h"
#include "src/waits.h"

namespace drydock::internal {
namespace {

// Of many holders the first few say what the rest would.
constexpr std::size_t kMostListed = 3;

// "1.234s": to the millisecond.
std::string rounded(std::chrono::steady_clock::duration time) {
  return absl::FormatDuration(absl::Trunc(absl::FromChrono(time), absl::Milliseconds(1)));
}

}  // namespace

ConnectionPool::ConnectionPool(std::string connection_string, const PoolOptions& options)
    : connection_string_(std::move(connection_string)),
      max_connections_(options.max_connections),
      acquire_timeout_(options.acquire_timeout),
      connect_timeout_(options.connect_timeout) {
  if (max_connections_ < 1) {
    throw std::invalid_argument(absl::StrCat("drydock: PoolOptions::max_connections is ",
                                             max_connections_, "; a pool needs at least 1."));
  }
}

ConnectionPool::Lease ConnectionPool::acquire(SourceLocation where) {
  return Lease(*this, take_slot(where));
}

PoolUsage ConnectionPool::usage() const {
  MutexLock lock(mutex_);
  return {.idle = static_cast<int>(idle_.size()),
          .in_use = static_cast<int>(holders_.size()),
          .waiting = static_cast<int>(waiters_.size())};
}

bool ConnectionPool::slot_is_free() const {
  return holders_.size() < static_cast<std::size_t>(max_connections_);
}

ConnectionPool::HolderId ConnectionPool::take_slot(SourceLocation where) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const std::thread::id thread = std::this_thread::get_id();
  Waiter self{.where = where, .thread = thread, .woken = {}, .has_slot = false, .holder = {}};
  {
    MutexLock lock(mutex_);
    // A slot is free only while nobody waits: `return_slot` hands it on.
    if (slot_is_free()) return holders_.insert(holders_.end(), Holder{where, now, thread});
    waiters_.push_back(&self);
  }
  const std::string ring = wait_for_slot(self, deadline_after(acquire_timeout_));
  {
    MutexLock lock(mutex_);
    if (self.has_slot) return self.holder;
    waiters_.remove(&self);
    if (ring.empty()) throw PoolTimeoutError(describe_timeout(where));
  }
  const std::string message = describe_blocked(where, ring);
  note_blocked(message);
  throw PoolTimeoutError("drydock: " + message);
}

// Who waits has no slot of this pool, since a transact in a transact has the outer one's.
class ConnectionPool::SlotWait final : public Wait {
 public:
  SlotWait(ConnectionPool& pool, const Waiter& self, SteadyTime deadline)
      : pool_(pool), self_(self), deadline_(deadline) {}

  // Whoever is given a slot goes on, and gives it back: it is enough that one holder does.
  bool may_end(const StuckThreads& stuck) const override {
    const MutexLock lock(pool_.mutex_);
    return self_.has_slot ||
           std::any_of(pool_.holders_.begin(), pool_.holders_.end(),
                       [&](const Holder& holder) { return !is_stuck(stuck, holder.thread); });
  }
  std::string what() const override {
    const MutexLock lock(pool_.mutex_);
    std::string text = "for a database connection in the transact at " + self_.where.to_string() +
                       ", while all are held by";
    std::size_t listed = 0;
    for (const Holder& holder : pool_.holders_) {
      if (listed == kMostListed) break;
      absl::StrAppend(&text, listed++ == 0 ? "" : ",", " the transact at ",
                      holder.where.to_string());
    }
    const std::size_t more = pool_.holders_.size() - listed;
    return more == 0 ? text : absl::StrCat(text, " and ", more, " more");
  }
  SteadyTime deadline() const override { return deadline_; }
  bool deadline_counts() const override { return true; }

 private:
  ConnectionPool& pool_;
  const Waiter& self_;
  const SteadyTime deadline_;
};

std::string ConnectionPool::wait_for_slot(Waiter& self, SteadyTime deadline) {
  const SlotWait wait(*this, self, deadline);
  WaitScope scope(wait);
  const ActivityScope activity(std::make_shared<TextActivity>("waits " + wait.what()));
  std::string ring = scope.blocked();
  MutexLock lock(mutex_);
  bool in_time = true;
  while (!self.has_slot && ring.empty() && in_time) {
    in_time = self.woken.wait_until(mutex_, deadline);
  }
  return ring;
}

void ConnectionPool::return_slot(HolderId holder, std::unique_ptr<Connection> connection) {
  MutexLock lock(mutex_);
  if (connection != nullptr) idle_.push_back(std::move(connection));
  holders_.erase(holder);
  if (waiters_.empty()) return;
  Waiter& next = *waiters_.front();
  waiters_.pop_front();
  next.holder = holders_.insert(holders_.end(),
                                Holder{next.where, std::chrono::steady_clock::now(), next.thread});
  next.has_slot = true;
  next.woken.notify_one();
}

std::unique_ptr<Connection> ConnectionPool::take_idle() {
  std::vector<std::unique_ptr<Connection>> lost;  // closed after the lock is given up
  MutexLock lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->healthy()) return connection;
    lost.push_back(std::move(connection));
  }
  return nullptr;
}

std::unique_ptr<Connection> ConnectionPool::open_connection() const {
  return Connection::open(connection_string_, connect_timeout_);
}

std::string ConnectionPool::describe_timeout(SourceLocation where) const {
  std::string text = absl::StrCat("drydock: no database connection came free within ",
                                  absl::FormatDuration(acquire_timeout_), " for the transact at ",
                                  where.to_string(), ". In use: ", holders_.size(),
                                  " of max_connections = ", max_connections_, ", held by");
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const Holder& holder : holders_) {
    absl::StrAppend(&text, "\n  the transact at ", holder.where.to_string(), ", since ",
                    rounded(now - holder.since));
  }
  if (!waiters_.empty()) absl::StrAppend(&text, "\nWaiting too: ", waiters_.size());
  absl::StrAppend(
      &text,
      "\nMove what is not SQL out of these transacts (into on_commit or a job), or raise "
      "PoolOptions::max_connections or acquire_timeout.");
  return text;
}

std::string ConnectionPool::describe_blocked(SourceLocation where, const std::string& ring) const {
  return absl::StrCat(
      "the transact at ", where.to_string(),
      " would wait in vain for a database connection: the transacts that hold all of "
      "max_connections = ",
      max_connections_, " wait for this one.", ring,
      "\n  Wait for other threads after transact() has returned, not inside its body, or raise "
      "PoolOptions::max_connections.");
}

ConnectionPool::Lease::Lease(ConnectionPool& pool, HolderId holder)
    : pool_(pool), holder_(holder), connection_(pool.take_idle()) {
  if (connection_ != nullptr) return;
  try {
    connection_ = pool_.open_connection();
  } catch (...) {
    pool_.return_slot(holder_, nullptr);
    throw;
  }
  fresh_ = true;
}

ConnectionPool::Lease::~Lease() {
  const bool usable = connection_ != nullptr && connection_->transaction_status() == PQTRANS_IDLE;
  if (!usable) connection_.reset();
  pool_.return_slot(holder_, std::move(connection_));
}

void ConnectionPool::Lease::replace() {
  connection_.reset();
  connection_ = pool_.open_connection();
  fresh_ = true;
}

}  // namespace drydock::internal
