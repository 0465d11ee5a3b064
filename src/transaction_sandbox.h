// `Strategy::kTransaction`: one transaction on one connection, which threads use in turns.
#ifndef DRYDOCK_SRC_TRANSACTION_SANDBOX_H_
#define DRYDOCK_SRC_TRANSACTION_SANDBOX_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "src/clone_pool.h"
#include "src/lease.h"
#include "src/mutex.h"
#include "src/open_sandboxes.h"
#include "src/sandbox_connection.h"
#include "src/sandbox_connection_pool.h"
#include "src/sandbox_state.h"
#include "src/transact_scope.h"

namespace drydock::internal {

class TransactionSandbox final : public SandboxState {
 public:
  // `clones` is asked for one where `restart_sequences` wants to know how the template is.
  TransactionSandbox(std::shared_ptr<SandboxConnectionPool> connections,
                     std::shared_ptr<ClonePool> clones, std::shared_ptr<Engine> engine,
                     SandboxOptions options, std::string token);
  ~TransactionSandbox() override;

  // Throws `MisuseError`: another connection cannot see this one's transaction.
  std::string connection_string() override;
  std::string describe_holders() override { return lease_desk_.describe_holder(); }
  TableContents read_tables() override;

 protected:
  void attempt(CommitEffects& effects, const TransactionOptions& options, SourceLocation where,
               Body body) override;
  // Throws `SandboxEscapedError` where the transaction that has just ended took the outer one with
  // it.
  void inspect(SourceLocation where) override;
  void explain_failure(SourceLocation where) override;
  void do_close(std::vector<std::string>& breaches) override;
  std::unique_ptr<Subscription> do_listen(std::string channel, Executor& executor,
                                          NotificationHandler handler,
                                          SourceLocation where) override;

 private:
  void run_once(TransactScope& scope, CommitEffects& effects, const TransactionOptions& options,
                SourceLocation where, Body body);
  void refuse_if_lost();
  void connect();
  void prepare(SandboxConnection& connection, std::string first);
  std::string prologue();
  // Calls `reconnected` where `connection_` is another one than before.
  void begin(const TransactionOptions& options, absl::FunctionRef<void()> reconnected);
  void run_with_lease(CommitEffects& effects, const TransactionOptions& options,
                      SourceLocation where, Body body);
  // Of a commit, while the lease is held.
  void keep(std::vector<Notification> notifications);
  void deliver();
  std::optional<Notification> next_notification();
  void note_isolation(SourceLocation where);
  // Of a transaction that lock_timeout has ended.
  std::string lock_advice(SourceLocation where);

  const std::shared_ptr<SandboxConnectionPool> connections_;
  const std::shared_ptr<ClonePool> clones_;
  const std::shared_ptr<Subscriptions> subscriptions_ = std::make_shared<Subscriptions>();
  LeaseDesk lease_desk_;
  // Used by the holder of the lease, and by nobody before the first transaction or after the end.
  std::unique_ptr<SandboxConnection> connection_;
  // Since the connection is there.
  std::optional<OpenSandboxes::Place> place_;
  // It has served another sandbox, and this one has sent nothing yet.
  bool reused_ = false;

  Mutex mutex_;
  // Why no transaction can begin any more; empty where one can.
  std::string lost_ ABSL_GUARDED_BY(mutex_);
  std::string escaped_ ABSL_GUARDED_BY(mutex_);
  // In the order of the commits.
  std::deque<Notification> undelivered_ ABSL_GUARDED_BY(mutex_);
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TRANSACTION_SANDBOX_H_
