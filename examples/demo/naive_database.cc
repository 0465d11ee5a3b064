#include "examples/demo/naive_database.h"

#include <iostream>
#include <stdexcept>

#include "drydock/hook_failure.h"
#include "src/commit_effects.h"

namespace demo {

void NaiveDatabase::begin_test() {
  const std::lock_guard lock(mutex_);
  test_.emplace(connection_);
}

void NaiveDatabase::end_test() {
  const std::lock_guard lock(mutex_);
  test_.reset();  // not committed: rolled back
}

void NaiveDatabase::do_transact(const drydock::TransactionOptions& options,
                                drydock::SourceLocation where,
                                absl::FunctionRef<void(drydock::Transaction&)> body) {
  if (jobs_ == JobConnection::kOwn && std::this_thread::get_id() != test_thread_) {
    forward(pool_, options, where, body);
    return;
  }
  drydock::internal::CommitEffects effects(where);
  {
    const std::lock_guard lock(mutex_);
    if (!test_) throw std::runtime_error("the test's transaction has been rolled back");
    drydock::Transaction transaction(*test_, effects);
    body(transaction);
  }
  effects.run([](const drydock::HookFailure& failure) { std::cerr << failure.message() << "\n"; });
}

}  // namespace demo
