// `Strategy::kClone`: a database of the test's own, with real commits and a pool of connections.
#ifndef DRYDOCK_SRC_CLONE_SANDBOX_H_
#define DRYDOCK_SRC_CLONE_SANDBOX_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/clone_pool.h"
#include "src/connection_pool.h"
#include "src/mutex.h"
#include "src/notification_listener.h"
#include "src/sandbox_state.h"

namespace drydock::internal {

class CloneSandbox final : public SandboxState {
 public:
  CloneSandbox(std::shared_ptr<ClonePool> clones, std::shared_ptr<Engine> engine,
               SandboxOptions options, std::string token);
  ~CloneSandbox() override;

  // Of the test's database; takes it where no transaction has yet. Throws what `transact` throws.
  std::string connection_string() override;
  std::string describe_holders() override;
  TableContents read_tables() override;

 protected:
  void attempt(CommitEffects& effects, const TransactionOptions& options, SourceLocation where,
               Body body) override;
  void do_close(std::vector<std::string>& breaches) override;
  std::unique_ptr<Subscription> do_listen(std::string channel, Executor& executor,
                                          NotificationHandler handler,
                                          SourceLocation where) override;

 private:
  // A thread that uses the pool, so that the end can wait for it.
  class Use;

  // Throws `pqxx::broken_connection` where no database can be made.
  ConnectionPool& pool();
  // Null where nobody has listened yet.
  std::shared_ptr<Notifications> notifications();

  const std::shared_ptr<ClonePool> clones_;

  Mutex taking_;  // held while a clone is taken
  Mutex mutex_;
  CondVar unused_;
  std::vector<SourceLocation> users_ ABSL_GUARDED_BY(mutex_);
  std::optional<Clone> clone_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<ConnectionPool> pool_ ABSL_GUARDED_BY(mutex_);
  // Shared with the transactions that wait for what they have notified.
  std::shared_ptr<Notifications> notifications_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CLONE_SANDBOX_H_
