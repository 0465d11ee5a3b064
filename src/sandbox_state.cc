#include "src/sandbox_state.h"

#include <exception>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "drydock/current_job.h"
#include "drydock/sandbox_errors.h"
#include "drydock/transaction.h"
#include "src/commit_effects.h"
#include "src/nested_transaction.h"
#include "src/pqxx_compat.h"
#include "src/retry_backoff.h"
#include "src/savepoint_transaction.h"
#include "src/transaction_mark.h"

namespace drydock::internal {
namespace {

bool may_be_retried(const std::exception& error) {
  return is_serialization_failure(error) || is_deadlock(error);
}

std::string test_name(const SandboxOptions& options) {
  return options.name.empty() ? "this test" : "the test '" + options.name + "'";
}

}  // namespace

// Writes what a rollback drops into the journal.
class SandboxState::Observer final : public CommitEffectsObserver {
 public:
  explicit Observer(Engine& engine) : engine_(engine) {}
  void effect_added(const CommitEffect& /*effect*/) override {}
  void effect_dropped(const CommitEffect& effect) override {
    engine_.note(Event::kDropped, effect.name(), effect.where);
  }
  void effect_started(const CommitEffect& /*effect*/) override {}

 private:
  Engine& engine_;
};

SandboxState::SandboxState(std::shared_ptr<SandboxConnectionPool> connections,
                           std::shared_ptr<Engine> engine, SandboxOptions options,
                           std::string token)
    : connections_(std::move(connections)),
      engine_(std::move(engine)),
      options_(std::move(options)),
      token_(std::move(token)) {}

SandboxState::~SandboxState() = default;

void SandboxState::refuse_if_unusable(SourceLocation where) {
  const MutexLock lock(mutex_);
  if (closed_) {
    throw SandboxClosedError(
        "drydock: " + describe_current_job() + " called transact at " + where.to_string() +
        " after the sandbox of " + test_name(options_) +
        " had ended. Its rows are rolled back, so that the work finds nothing and changes "
        "nothing.\n"
        "  The test has to wait for its background work: call wait_idle() on the thread pool "
        "before "
        "the test ends, or give the code under test a DeferredExecutor and drain() it.");
  }
  if (!escaped_.empty()) throw SandboxEscapedError("drydock: " + escaped_);
  if (!lost_.empty()) throw pqxx::broken_connection(lost_);
}

void SandboxState::do_transact(const TransactionOptions& options, SourceLocation where,
                               absl::FunctionRef<void(Transaction&)> body) {
  if (CurrentTransaction* outer = CurrentTransaction::find(this)) {
    run_nested(*outer, options, where, body);
    return;
  }
  if (options.max_attempts < 1) {
    throw std::invalid_argument("drydock: the transact at " + where.to_string() +
                                " has max_attempts = " + std::to_string(options.max_attempts) +
                                "; 1 runs the body once and never again.");
  }
  transact_outermost(options, where, body);
}

void SandboxState::transact_outermost(const TransactionOptions& options, SourceLocation where,
                                      absl::FunctionRef<void(Transaction&)> body) {
  Observer observer(*engine_);
  CommitEffects effects(where, &observer);
  for (int attempt = 1;; ++attempt) {
    try {
      refuse_if_unusable(where);
      const Lease lease(lease_desk_, where, options_.lease_timeout);
      refuse_if_unusable(where);
      run_once(effects, options, where, body);
      break;
    } catch (const std::exception& error) {
      if (attempt < options.max_attempts && may_be_retried(error)) {
        wait_before_retry(attempt);
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

void SandboxState::run_once(CommitEffects& effects, const TransactionOptions& options,
                            SourceLocation where, absl::FunctionRef<void(Transaction&)> body) {
  if (connection_ == nullptr) connection_ = connections_->take();
  const TransactionMark mark(*engine_, where);
  engine_->note(Event::kTransactionBegan, "", where);
  try {
    connection_->begin(options);
    SavepointTransaction sql(connection_->connection(), where);
    const CurrentTransaction open(this, connection_->connection(), sql, effects, options, where);
    Transaction transaction(sql, effects);
    body(transaction);
    check_before_commit(connection_->connection(), where);
    sql.end();
    connection_->commit();
  } catch (...) {
    effects.drop_from(0);
    connection_->roll_back();
    engine_->note(Event::kTransactionRolledBack, "", where);
    note_damage(where);
    throw;
  }
  engine_->note(Event::kTransactionCommitted, "", where);
  note_damage(where);
}

// The sandbox takes no more work then: nothing that the test has written is there any more.
void SandboxState::note_damage(SourceLocation where) {
  const std::string job = describe_current_job();
  const MutexLock lock(mutex_);
  if (!connection_->connection().healthy()) {
    lost_ =
        "drydock: the sandbox of " + test_name(options_) +
        " has lost its connection to the server in the transact at " + where.to_string() + ", by " +
        job +
        ". What the test had written is gone with it, and it cannot go on; the next test gets a "
        "new connection.";
    return;
  }
  const std::string how = connection_->escape();
  if (how.empty()) return;
  escaped_ =
      "the transact at " + where.to_string() + ", by " + job +
      ", ended the outer transaction of the sandbox by SQL: " + how +
      ".\n  What the test had written is rolled back; nothing was committed. The sandbox takes "
      "no more work.\n  Application code ends its transaction by returning from the body of "
      "transact() or by throwing out of it. Code that sends COMMIT or ROLLBACK itself needs a "
      "database of its own.";
  engine_->add_finding({Finding::kEscaped, escaped_, {}, where});
  throw SandboxEscapedError("drydock: " + escaped_);
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

void SandboxState::close(std::vector<std::string>* breaches) noexcept {
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
  }
  const auto breach = [breaches](std::string text) {
    if (breaches != nullptr) breaches->push_back(std::move(text));
  };
  try {
    const Lease lease(lease_desk_, SourceLocation::current(), options_.lease_timeout);
    if (connection_ == nullptr) return;
    const bool lost = !connection_->connection().healthy();
    if (connection_->reset()) {
      connections_->give_back(std::move(connection_));
    } else {
      if (lost) {
        const MutexLock lock(mutex_);
        breach(lost_.empty() ? "the connection to the server was lost" : lost_);
      }
      connection_.reset();
    }
  } catch (const std::exception&) {
    // The connection goes with this object, when the thread that uses it has let go.
    breach("a transaction was still open when the test ended: " + lease_desk_.describe_holder() +
           ". Wait for the thread before the test ends.");
  }
}

}  // namespace drydock::internal
