#include "src/connection_pool.h"

#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace drydock::internal {
namespace {

// So far ahead that adding it to a clock's time cannot overflow.
constexpr absl::Duration kForever = absl::Hours(24 * 365);

std::chrono::nanoseconds bounded(absl::Duration timeout) {
  return absl::ToChronoNanoseconds(timeout < kForever ? timeout : kForever);
}

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
  MutexLock lock(mutex_);
  // A slot is free only while nobody waits: `return_slot` hands it on.
  if (slot_is_free()) return holders_.insert(holders_.end(), Holder{where, now});
  Waiter self{.where = where, .woken = {}, .has_slot = false, .holder = {}};
  const auto place = waiters_.insert(waiters_.end(), &self);
  const SteadyTime deadline = now + bounded(acquire_timeout_);
  while (!self.has_slot) {
    if (self.woken.wait_until(mutex_, deadline) || self.has_slot) continue;
    waiters_.erase(place);
    throw PoolTimeoutError(describe_timeout(where));
  }
  return self.holder;
}

void ConnectionPool::return_slot(HolderId holder, std::unique_ptr<Connection> connection) {
  MutexLock lock(mutex_);
  if (connection != nullptr) idle_.push_back(std::move(connection));
  holders_.erase(holder);
  if (waiters_.empty()) return;
  Waiter& next = *waiters_.front();
  waiters_.pop_front();
  next.holder =
      holders_.insert(holders_.end(), Holder{next.where, std::chrono::steady_clock::now()});
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
