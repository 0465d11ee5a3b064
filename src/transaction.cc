#include "drydock/transaction.h"

#include <utility>

#include "src/commit_effects.h"
#include "src/deferred_begin.h"

namespace drydock {

void Transaction::on_commit(absl::AnyInvocable<void() &&> hook, SourceLocation where) {
  effects_->add_hook(std::move(hook), where);
}

void Transaction::submit(Executor& executor, JobOptions options, Job job, SourceLocation where) {
  effects_->add_submit(executor, std::move(options), std::move(job), where);
}

void Transaction::begin() {
  begin_->now();
  begin_ = nullptr;
}

}  // namespace drydock
