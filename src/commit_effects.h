// What a transaction does once it has committed: its `on_commit` hooks and the jobs that were
// submitted through it, in the order of the calls.
//
// One object belongs to one outermost transaction. A nested transaction takes a `mark()` when it
// begins and calls `drop_from(mark)` when it rolls back. After the commit, `run`; after a rollback,
// `drop_from(0)`.
#ifndef DRYDOCK_SRC_COMMIT_EFFECTS_H_
#define DRYDOCK_SRC_COMMIT_EFFECTS_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "drydock/executor.h"
#include "drydock/hook_failure.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock::internal {

struct CommitEffect {
  HookFailure::Kind kind = HookFailure::Kind::kHook;
  SourceLocation where = {};               // of the on_commit() or submit()
  Executor* executor = nullptr;            // of a submit
  JobOptions options = {};                 // of a submit
  absl::AnyInvocable<void()&&> work = {};  // the hook or the job
  std::uint64_t held = 0;                  // the observer's, to know a submit again

  // The job's name as given, or "file.cc:line" of the call.
  std::string name() const { return options.name.empty() ? where.short_name() : options.name; }
};

// Sees every step, for a journal. Called on the transaction's thread; must not throw.
class CommitEffectsObserver {
 public:
  virtual void effect_added(CommitEffect& effect) = 0;
  // Its transaction, or the nested one that it was added in, rolled back; it will never run.
  virtual void effect_dropped(const CommitEffect& effect) = 0;
  // Right before the hook runs or the job is submitted.
  virtual void effect_started(const CommitEffect& effect) = 0;

 protected:
  ~CommitEffectsObserver() = default;
};

// For the thread of the transaction.
class CommitEffects {
 public:
  using Mark = std::size_t;
  using FailureHandler = absl::FunctionRef<void(const HookFailure&)>;

  // `transaction` is the place of the outermost transact. `observer` may be null, and outlives
  // this.
  explicit CommitEffects(SourceLocation transaction, CommitEffectsObserver* observer = nullptr)
      : transaction_(transaction), observer_(observer) {}
  CommitEffects(const CommitEffects&) = delete;
  CommitEffects& operator=(const CommitEffects&) = delete;

  // Both throw `std::invalid_argument`, naming `where`, for an empty hook or job.
  void add_hook(absl::AnyInvocable<void() &&> hook, SourceLocation where);
  void add_submit(Executor& executor, JobOptions options, Job job, SourceLocation where);

  Mark mark() const { return effects_.size(); }
  // Destroys what was added since `mark`; the observer sees it in the order of the calls.
  void drop_from(Mark mark);

  // Runs all in order, once; outside of any transaction, since hooks may transact. What one throws
  // goes to `on_failure`, and the next one runs. Does not throw what `on_failure` throws either:
  // that is written to stderr.
  void run(FailureHandler on_failure);

  bool empty() const { return effects_.empty(); }
  SourceLocation transaction() const { return transaction_; }

 private:
  void add(CommitEffect effect);

  SourceLocation transaction_;
  CommitEffectsObserver* observer_;
  std::vector<CommitEffect> effects_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_COMMIT_EFFECTS_H_
