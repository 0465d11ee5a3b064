#include "src/commit_effects.h"

#include <cstddef>
#include <exception>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "drydock/job.h"

namespace drydock::internal {
namespace {

void start(CommitEffect& effect) {
  if (effect.kind == HookFailure::Kind::kHook) {
    std::move(effect.work)();
  } else {
    effect.executor->submit(std::move(effect.options), std::move(effect.work), effect.where);
  }
}

void report(const HookFailure& failure, CommitEffects::FailureHandler on_failure) {
  try {
    on_failure(failure);
  } catch (...) {
    std::cerr << failure.message() + "\n" + "drydock: the handler of that failure threw: " +
                     describe(std::current_exception()) + "\n";
  }
}

}  // namespace

void CommitEffects::add_hook(absl::AnyInvocable<void() &&> hook, SourceLocation where) {
  if (!hook) {
    throw std::invalid_argument(absl::StrCat("drydock: the hook given to on_commit() at ",
                                             where.to_string(),
                                             " is empty. Pass a function to call."));
  }
  add(CommitEffect{.where = where, .work = std::move(hook)});
}

void CommitEffects::add_submit(Executor& executor, JobOptions options, Job job,
                               SourceLocation where) {
  if (!job) {
    throw std::invalid_argument(absl::StrCat("drydock: the job given to Transaction::submit() at ",
                                             where.to_string(),
                                             " is empty. Pass a function to call."));
  }
  add(CommitEffect{.kind = HookFailure::Kind::kSubmit,
                   .where = where,
                   .executor = &executor,
                   .options = std::move(options),
                   .work = std::move(job)});
}

void CommitEffects::add(CommitEffect effect) {
  effects_.push_back(std::move(effect));
  if (observer_ != nullptr) observer_->effect_added(effects_.back());
}

void CommitEffects::drop_from(Mark mark) {
  if (effects_.size() <= mark) return;
  const auto first = effects_.begin() + static_cast<std::ptrdiff_t>(mark);
  // Out of the list before the destructors run, which are the application's code.
  const std::vector<CommitEffect> dropped(std::make_move_iterator(first),
                                          std::make_move_iterator(effects_.end()));
  effects_.erase(first, effects_.end());
  if (observer_ == nullptr) return;
  for (const CommitEffect& effect : dropped) observer_->effect_dropped(effect);
}

void CommitEffects::run(FailureHandler on_failure) {
  std::vector<CommitEffect> effects = std::exchange(effects_, {});
  for (CommitEffect& effect : effects) {
    if (observer_ != nullptr) observer_->effect_started(effect);
    HookFailure failure{.kind = effect.kind, .where = effect.where, .transaction = transaction_};
    if (effect.kind == HookFailure::Kind::kSubmit) failure.job_name = effect.name();
    try {
      start(effect);
    } catch (...) {
      failure.error = std::current_exception();
      report(failure, on_failure);
    }
    effect.work = nullptr;  // what it owns goes before the next one runs
  }
}

}  // namespace drydock::internal
