#include "src/clone_sandbox.h"

#include <algorithm>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "drydock/pooled_database.h"
#include "src/deadline.h"
#include "src/pooled_transaction.h"
#include "src/sandbox_connection.h"

namespace drydock::internal {

class CloneSandbox::Use {
 public:
  Use(CloneSandbox& sandbox, SourceLocation where) : sandbox_(sandbox), where_(where) {
    const MutexLock lock(sandbox_.mutex_);
    sandbox_.users_.push_back(where);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    const MutexLock lock(sandbox_.mutex_);
    auto& users = sandbox_.users_;
    users.erase(std::find(users.begin(), users.end(), where_));
    if (users.empty()) sandbox_.unused_.notify_all();
  }

 private:
  CloneSandbox& sandbox_;
  const SourceLocation where_;
};

CloneSandbox::CloneSandbox(std::shared_ptr<ClonePool> clones, std::shared_ptr<Engine> engine,
                           SandboxOptions options, std::string token)
    : SandboxState(std::move(engine), std::move(options), std::move(token)),
      clones_(std::move(clones)) {
  clones_->start();
}

// Here is a clone left only where a thread still used it at the end of the test.
CloneSandbox::~CloneSandbox() {
  const MutexLock lock(mutex_);
  notifications_.reset();
  pool_.reset();
  if (clone_) clones_->give_back(*std::move(clone_));
}

ConnectionPool& CloneSandbox::pool() {
  const MutexLock taking(taking_);
  {
    const MutexLock lock(mutex_);
    if (pool_ != nullptr) return *pool_;
  }
  absl::StatusOr<Clone> clone = clones_->take();
  if (!clone.ok()) {
    throw pqxx::broken_connection(
        "drydock: there is no database for the sandbox of " + test_name() + ": " +
        std::string(clone.status().message()) +
        (absl::IsUnavailable(clone.status()) ? std::string("\n") + kOpenAgain : ""));
  }
  PoolOptions options;
  options.max_connections = this->options().max_connections;
  options.acquire_timeout = this->options().lease_timeout;
  const MutexLock lock(mutex_);
  clone_ = *std::move(clone);
  pool_ = std::make_unique<ConnectionPool>(clone_->connection_string, options);
  return *pool_;
}

std::string CloneSandbox::connection_string() {
  const SourceLocation here = SourceLocation::current();
  const Use use(*this, here);
  refuse_if_closed(here);
  pool();
  const MutexLock lock(mutex_);
  return clone_->connection_string;
}

std::string CloneSandbox::describe_holders() {
  const MutexLock lock(mutex_);
  std::string text;
  for (const SourceLocation& where : users_) {
    text += (text.empty() ? "the transact at " : ", the transact at ") + where.to_string();
  }
  return text;
}

void CloneSandbox::attempt(CommitEffects& effects, const TransactionOptions& options,
                           SourceLocation where, Body body) {
  const Use use(*this, where);
  refuse_if_closed(where);
  {
    ConnectionPool::Lease lease = pool().acquire(where);
    run_noted(effects, where, body, [&](Body noted) {
      run_pooled_transaction(this, lease, effects, options, where, noted);
    });
  }
  // What it has notified is there when transact() returns, so that tests can rely on it.
  if (const std::shared_ptr<Notifications> listening = notifications()) listening->synchronize();
}

TableContents CloneSandbox::read_tables() {
  const SourceLocation here = SourceLocation::current();
  const Use use(*this, here);
  refuse_if_closed(here);
  ConnectionPool::Lease lease = pool().acquire(here);
  lease.connection().exec_raw("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  TableContents contents = TableContents::read(lease.connection());
  lease.connection().exec_raw("COMMIT");
  return contents;
}

std::shared_ptr<Notifications> CloneSandbox::notifications() {
  const MutexLock lock(mutex_);
  return notifications_;
}

std::unique_ptr<Subscription> CloneSandbox::do_listen(std::string channel, Executor& executor,
                                                      NotificationHandler handler,
                                                      SourceLocation where) {
  const Use use(*this, where);
  refuse_if_closed(where);
  pool();
  std::shared_ptr<Notifications> listening;
  {
    const MutexLock lock(mutex_);
    if (notifications_ == nullptr) {
      notifications_ = std::make_shared<Notifications>(
          clone_->connection_string, absl::Seconds(5),
          [this](const std::string& job, SourceLocation listen, const std::exception_ptr& error) {
            add_refused(job, listen, error);
          });
    }
    listening = notifications_;
  }
  return listening->listen(std::move(channel), executor, std::move(handler), where);
}

void CloneSandbox::do_close(std::vector<std::string>& breaches) {
  const SteadyTime deadline = deadline_after(options().lease_timeout);
  bool in_use = false;
  std::shared_ptr<Notifications> listening;  // its thread ends without the lock
  {
    const MutexLock lock(mutex_);
    while (!users_.empty() && unused_.wait_until(mutex_, deadline)) {
    }
    in_use = !users_.empty();
    listening = std::exchange(notifications_, nullptr);
  }
  listening.reset();
  {
    const MutexLock lock(mutex_);
    if (!in_use && clone_) {
      pool_.reset();
      clones_->give_back(*std::exchange(clone_, std::nullopt));
    }
  }
  if (!in_use) return;
  breaches.push_back("a transaction was still open when the test ended: " + describe_holders() +
                     ". Wait for the thread before the test ends.");
}

}  // namespace drydock::internal
