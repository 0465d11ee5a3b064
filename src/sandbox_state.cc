#include "src/sandbox_state.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "drydock/current_job.h"
#include "drydock/executor.h"
#include "drydock/misuse_error.h"
#include "drydock/sandbox_errors.h"
#include "drydock/transaction.h"
#include "src/nested_transaction.h"
#include "src/pooled_transaction.h"
#include "src/pqxx_compat.h"
#include "src/retry_backoff.h"
#include "src/transaction_mark.h"

namespace drydock::internal {
namespace {

bool may_be_retried(const std::exception& error) {
  return is_serialization_failure(error) || is_deadlock(error);
}

// To submit while it is open is a finding, whatever executor takes the job.
class SandboxTransaction final : public TransactionMark {
 public:
  SandboxTransaction(Engine& engine, SourceLocation where)
      : TransactionMark(engine, where), engine_(engine) {
    engine_.transaction_began();
  }
  SandboxTransaction(const SandboxTransaction&) = delete;
  SandboxTransaction& operator=(const SandboxTransaction&) = delete;
  ~SandboxTransaction() { engine_.transaction_ended(); }

 private:
  void note_submit(const SubmittedJob& job) const override {
    engine_.add_outside_submit(job, where());
  }

  Engine& engine_;
};

// Is never made: asks other executors what an executor that forwards to them may ask.
class Forwarder : public Executor {
 public:
  using Executor::idle_target_of;
};

}  // namespace

// Tells the simulation which jobs await a commit, and writes what a rollback drops into the
// journal.
class SandboxState::Observer final : public CommitEffectsObserver {
 public:
  explicit Observer(Engine& engine) : engine_(engine) {}
  void effect_added(CommitEffect& effect) override {
    if (effect.kind != HookFailure::Kind::kSubmit) return;
    effect.held = engine_.hold(Forwarder::idle_target_of(*effect.executor), effect.name(),
                               effect.where, effect.options.delay);
  }
  void effect_dropped(const CommitEffect& effect) override {
    engine_.let_go(effect.held);
    engine_.note(Event::kDropped, effect.name(), effect.where);
  }
  void effect_started(const CommitEffect& effect) override { engine_.let_go(effect.held); }

 private:
  Engine& engine_;
};

SandboxState::SandboxState(std::shared_ptr<Engine> engine, SandboxOptions options,
                           std::string token)
    : engine_(std::move(engine)),
      options_(std::move(options)),
      token_(std::move(token)),
      owner_process_(::getpid()) {}

bool SandboxState::in_fork() const { return ::getpid() != owner_process_; }

void SandboxState::refuse_in_fork(const char* what, SourceLocation where) {
  if (!in_fork()) return;
  throw MisuseError("drydock: " + std::string(what) + " at " + where.to_string() +
                    " was called in the process " + std::to_string(::getpid()) +
                    ", which fork() has made of the process " + std::to_string(owner_process_) +
                    ", the owner of the sandbox of " + test_name() +
                    ". Both would talk on one connection. A child process opens a TestDatabase and "
                    "a Sandbox of its own; a death test does so by itself with "
                    "GTEST_FLAG_SET(death_test_style, \"threadsafe\").");
}

std::string SandboxState::test_name() const {
  return options_.name.empty() ? "this test" : "the test '" + options_.name + "'";
}

void SandboxState::refuse_if_closed(SourceLocation where) {
  const MutexLock lock(mutex_);
  if (!closed_) return;
  const std::string message =
      describe_current_job() + " called transact at " + where.to_string() +
      " after the sandbox of " + test_name() +
      " had ended. Its rows are gone, so that the work finds nothing and changes nothing.\n"
      "  The test has to wait for its background work: call wait_idle() on the thread pool before "
      "the test ends, or give the code under test a DeferredExecutor and drain() it.";
  add_finding(Finding::kLateAccess, message, where);
  throw SandboxClosedError("drydock: " + message);
}

void SandboxState::do_transact(const TransactionOptions& options, SourceLocation where, Body body) {
  refuse_in_fork("transact", where);
  if (CurrentTransaction* outer = CurrentTransaction::find(this)) {
    run_nested(*outer, options, where, body);
    return;
  }
  check_transaction_options(options, where);
  transact_outermost(options, where, body);
}

void SandboxState::transact_outermost(const TransactionOptions& options, SourceLocation where,
                                      Body body) {
  Observer observer(*engine_);
  CommitEffects effects(where, &observer);
  for (int tried = 1;; ++tried) {
    try {
      refuse_if_closed(where);
      attempt(effects, options, where, body);
      break;
    } catch (const std::exception& error) {
      if (tried < options.max_attempts && may_be_retried(error)) {
        wait_before_retry(tried);
        continue;
      }
      engine_->run_inline();  // a job that was held runs after a rollback too, as in production
      throw;
    } catch (...) {
      engine_->run_inline();
      throw;
    }
  }
  effects.run([this](const HookFailure& failure) { add_hook_failure(failure); });
  engine_->run_inline();
}

void SandboxState::run_noted(CommitEffects& effects, SourceLocation where, Body body,
                             absl::FunctionRef<void(Body)> run) {
  const SandboxTransaction mark(*engine_, where);
  engine_->note(Event::kTransactionBegan, "", where);
  std::optional<Injected> injected;
  try {
    run([&](Transaction& transaction) {
      body(transaction);
      injected = injections_.take(where);
      if (injected) throw_before_commit(*injected, where);
    });
  } catch (...) {
    effects.drop_from(0);
    engine_->note(Event::kTransactionRolledBack, "", where);
    inspect(where);
    explain_failure(where);
    throw;
  }
  engine_->note(Event::kTransactionCommitted, "", where);
  inspect(where);
  if (injected) {
    effects.drop_from(0);
    throw_after_commit(*injected, where);
  }
}

// libpqxx allows one transaction on a connection and says so in words that help little here. The
// note is for code that swallows the exception.
void SandboxState::explain_failure(SourceLocation where) {
  try {
    throw;
  } catch (const pqxx::usage_error& error) {
    const std::string advice =
        "the body of the transact at " + where.to_string() +
        " used libpqxx in a way that it does not allow. Where the code opens a transaction of its "
        "own (pqxx::work) on the connection of the one that it is given: a connection has one "
        "transaction at a time. Call transact() on the Database inside the body, which nests, or "
        "use pqxx::subtransaction on the given transaction.";
    add_note(advice);
    throw pqxx::usage_error(std::string(error.what()) + "\ndrydock: " + advice);
  } catch (...) {
  }
}

void SandboxState::add_note(std::string note) {
  const MutexLock lock(mutex_);
  if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
    notes_.push_back(std::move(note));
  }
}

void SandboxState::add_finding(Finding::Kind kind, const std::string& message,
                               SourceLocation where) {
  const std::optional<CurrentJob> job = current_job();
  engine_->add_finding({kind, message, job ? job->id() : JobId(), where});
}

void SandboxState::add_breach(std::string breach) {
  const MutexLock lock(mutex_);
  breaches_.push_back(std::move(breach));
}

std::vector<std::string> SandboxState::notes() const {
  const MutexLock lock(mutex_);
  return notes_;
}

void SandboxState::add_hook_failure(const HookFailure& failure) {
  JobRun run;
  run.name = failure.kind == HookFailure::Kind::kHook ? "on_commit hook" : failure.job_name;
  run.where = failure.where;
  run.outcome = JobRun::kFailed;
  run.error = failure.message();
  run.exception = failure.error;
  engine_->note(Event::kHookFailed, run.name, run.where);
  engine_->add_failure(std::move(run));
}

void SandboxState::add_refused(const std::string& job, SourceLocation where,
                               const std::exception_ptr& error) {
  add_hook_failure({HookFailure::Kind::kSubmit, job, where, where, error});
}

void SandboxState::close(std::vector<std::string>* breaches) noexcept {
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
  }
  std::vector<std::string> found;
  do_close(found);
  if (breaches == nullptr) return;
  {
    const MutexLock lock(mutex_);
    breaches->insert(breaches->end(), breaches_.begin(), breaches_.end());
  }
  breaches->insert(breaches->end(), found.begin(), found.end());
  for (std::string& text : injections_.unused()) breaches->push_back(std::move(text));
}

}  // namespace drydock::internal
