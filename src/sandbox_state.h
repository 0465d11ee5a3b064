// What stands behind a `Sandbox`, and outlives it for as long as a job of its test does.
#ifndef DRYDOCK_SRC_SANDBOX_STATE_H_
#define DRYDOCK_SRC_SANDBOX_STATE_H_

#include <memory>
#include <string>

#include "drydock/database.h"
#include "drydock/hook_failure.h"
#include "drydock/sandbox.h"
#include "drydock/simulation.h"
#include "src/commit_effects.h"
#include "src/engine.h"
#include "src/lease.h"
#include "src/mutex.h"
#include "src/sandbox_connection.h"
#include "src/sandbox_connection_pool.h"

namespace drydock::internal {

class SandboxState final : public Database {
 public:
  SandboxState(std::shared_ptr<SandboxConnectionPool> connections, std::shared_ptr<Engine> engine,
               SandboxOptions options, std::string token);
  ~SandboxState() override;

  const SandboxOptions& options() const { return options_; }
  const std::string& token() const { return token_; }
  Engine& engine() { return *engine_; }
  LeaseDesk& lease_desk() { return lease_desk_; }

  // Refuses what comes from now on, waits for the transaction that runs (for `lease_timeout`) and
  // rolls back. Adds what went wrong to `breaches`.
  void close(std::vector<std::string>* breaches) noexcept;

 protected:
  void do_transact(const TransactionOptions& options, SourceLocation where,
                   absl::FunctionRef<void(Transaction&)> body) override;

 private:
  class Observer;

  void transact_outermost(const TransactionOptions& options, SourceLocation where,
                          absl::FunctionRef<void(Transaction&)> body);
  void run_once(CommitEffects& effects, const TransactionOptions& options, SourceLocation where,
                absl::FunctionRef<void(Transaction&)> body);
  void refuse_if_unusable(SourceLocation where);
  // What the transaction that has just ended did to the sandbox. Throws `SandboxEscapedError` where
  // it ended the outer transaction.
  void note_damage(SourceLocation where);
  void add_hook_failure(const HookFailure& failure);

  const std::shared_ptr<SandboxConnectionPool> connections_;
  const std::shared_ptr<Engine> engine_;
  const SandboxOptions options_;
  const std::string token_;
  LeaseDesk lease_desk_;
  // Used by the holder of the lease, and by nobody before the first transaction or after the end.
  std::unique_ptr<SandboxConnection> connection_;

  Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Why no transaction can begin any more; empty where one can.
  std::string lost_ ABSL_GUARDED_BY(mutex_);
  std::string escaped_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SANDBOX_STATE_H_
