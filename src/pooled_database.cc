#include "drydock/pooled_database.h"

#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "src/commit_effects.h"
#include "src/connection_pool.h"
#include "src/nested_transaction.h"
#include "src/notification_listener.h"
#include "src/pooled_transaction.h"
#include "src/pqxx_compat.h"
#include "src/retry_backoff.h"

namespace drydock {
namespace {

using internal::CommitEffects;
using internal::ConnectionPool;
using internal::CurrentTransaction;

bool may_be_retried(const std::exception& error) {
  return internal::is_serialization_failure(error) || internal::is_deadlock(error);
}

void log_to_stderr(const HookFailure& failure) { std::cerr << failure.message() + "\n"; }

}  // namespace

PooledDatabase::PooledDatabase(std::string connection_string, PoolOptions options)
    : on_hook_failure_(options.on_hook_failure ? options.on_hook_failure : log_to_stderr),
      pool_(std::make_unique<ConnectionPool>(connection_string, options)),
      notifications_(std::make_unique<internal::Notifications>(
          std::move(connection_string), options.connect_timeout,
          [this](const std::string& job, SourceLocation where, const std::exception_ptr& error) {
            on_hook_failure_({HookFailure::Kind::kSubmit, job, where, where, error});
          })) {}

PooledDatabase::~PooledDatabase() = default;

std::unique_ptr<Subscription> PooledDatabase::do_listen(std::string channel, Executor& executor,
                                                        NotificationHandler handler,
                                                        SourceLocation where) {
  return notifications_->listen(std::move(channel), executor, std::move(handler), where);
}

PoolUsage PooledDatabase::usage() const { return pool_->usage(); }

void PooledDatabase::do_transact(const TransactionOptions& options, SourceLocation where,
                                 absl::FunctionRef<void(Transaction&)> body) {
  internal::check_transaction_options(options, where);
  if (CurrentTransaction* outer = CurrentTransaction::find(this)) {
    run_nested(*outer, options, where, body);
  } else {
    transact_outermost(options, where, body);
  }
}

void PooledDatabase::transact_outermost(const TransactionOptions& options, SourceLocation where,
                                        absl::FunctionRef<void(Transaction&)> body) {
  CommitEffects effects(where);
  for (int attempt = 1;; ++attempt) {
    try {
      ConnectionPool::Lease lease = pool_->acquire(where);
      internal::run_pooled_transaction(this, lease, effects, options, where, body);
      break;
    } catch (const std::exception& error) {
      if (attempt >= options.max_attempts || !may_be_retried(error)) throw;
    }
    internal::wait_before_retry(attempt);
  }
  effects.run(on_hook_failure_);
}

}  // namespace drydock
