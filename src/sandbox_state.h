// What stands behind a `Sandbox`, and outlives it for as long as a job of its test does: its
// database, whichever strategy keeps it apart.
#ifndef DRYDOCK_SRC_SANDBOX_STATE_H_
#define DRYDOCK_SRC_SANDBOX_STATE_H_

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "drydock/database.h"
#include "drydock/hook_failure.h"
#include "drydock/sandbox.h"
#include "src/commit_effects.h"
#include "src/engine.h"
#include "src/injections.h"
#include "src/mutex.h"
#include "src/subscriptions.h"
#include "src/table_contents.h"

namespace drydock::internal {

// The part that is common to all strategies: retries, hooks, the journal, injected failures.
class SandboxState : public Database {
 public:
  const SandboxOptions& options() const { return options_; }
  const std::string& token() const { return token_; }
  Engine& engine() { return *engine_; }
  // Whether this process is a copy, made by fork(), of the one that the sandbox belongs to.
  bool in_fork() const;
  Injections& injections() { return injections_; }

  // Refuses what comes from now on, waits for the transactions that run (for `lease_timeout`) and
  // undoes all. Adds what went wrong to `breaches`. Only the first call has an effect.
  void close(std::vector<std::string>* breaches) noexcept;

  virtual std::string connection_string() = 0;
  // Who has a transaction open, in words; empty where nobody has.
  virtual std::string describe_holders() = 0;
  // What may explain an error that the test has got.
  std::vector<std::string> notes() const;

  // As the test sees them now; between transactions of the calling thread. Throws what `transact`
  // throws.
  virtual TableContents read_tables() = 0;
  // Fails the test at its end.
  void add_breach(std::string breach);

 protected:
  using Body = absl::FunctionRef<void(Transaction&)>;

  SandboxState(std::shared_ptr<Engine> engine, SandboxOptions options, std::string token);

  void do_transact(const TransactionOptions& options, SourceLocation where, Body body) final;

  // Runs the body once, in a transaction of its own, by way of `run_noted`.
  virtual void attempt(CommitEffects& effects, const TransactionOptions& options,
                       SourceLocation where, Body body) = 0;
  // Called after each transaction, committed or not; may throw another exception in its place.
  virtual void inspect(SourceLocation /*where*/) {}
  // Called in the handler of what a transaction throws: may throw one of the same type that says
  // more.
  virtual void explain_failure(SourceLocation where);
  virtual void do_close(std::vector<std::string>& breaches) = 0;

  // Calls `run`, which runs the body that it is given in a transaction and commits.
  void run_noted(CommitEffects& effects, SourceLocation where, Body body,
                 absl::FunctionRef<void(Body)> run);
  // An executor did not take a notification's job.
  void add_refused(const std::string& job, SourceLocation where, const std::exception_ptr& error);
  // Throws `SandboxClosedError` after the end.
  void refuse_if_closed(SourceLocation where);
  void add_note(std::string note);
  // About the job that the calling thread runs, if it runs one.
  void add_finding(Finding::Kind kind, const std::string& message, SourceLocation where);
  // Throws `MisuseError` in a forked process, which has the connection of its parent.
  void refuse_in_fork(const char* what, SourceLocation where);
  // "this test", "the test 'Suite.name'".
  std::string test_name() const;

 private:
  class Observer;

  void transact_outermost(const TransactionOptions& options, SourceLocation where, Body body);
  void add_hook_failure(const HookFailure& failure);

  const std::shared_ptr<Engine> engine_;
  const SandboxOptions options_;
  const std::string token_;
  const int owner_process_;
  Injections injections_;

  mutable Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> notes_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> breaches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SANDBOX_STATE_H_
