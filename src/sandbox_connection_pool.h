// Connections to a test database that wait for the next sandbox.
#ifndef DRYDOCK_SRC_SANDBOX_CONNECTION_POOL_H_
#define DRYDOCK_SRC_SANDBOX_CONNECTION_POOL_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/mutex.h"
#include "src/open_sandboxes.h"
#include "src/sandbox_connection.h"

namespace drydock::internal {

// Thread-safe. Owned by the test database, and shared with the sandboxes that are open on it.
class SandboxConnectionPool {
 public:
  // `name` is the database's.
  SandboxConnectionPool(std::string name, std::string connection_string)
      : name_(std::move(name)), connection_string_(std::move(connection_string)) {}

  // One that waits; null where none does. Its session may have died meanwhile, which shows at its
  // first message.
  std::unique_ptr<SandboxConnection> take_idle() {
    const MutexLock lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<SandboxConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  // A new one. Throws what `Connection::open` throws.
  std::unique_ptr<SandboxConnection> open() {
    return std::make_unique<SandboxConnection>(connection_string_);
  }

  // Takes one back that has been reset.
  void give_back(std::unique_ptr<SandboxConnection> connection) {
    const MutexLock lock(mutex_);
    if (!ended_) idle_.push_back(std::move(connection));
  }

  OpenSandboxes& open_sandboxes() { return open_sandboxes_; }

  // A name for one more sandbox, unlike that of any other sandbox on the machine.
  std::string next_token() {
    const MutexLock lock(mutex_);
    return name_ + "_" + std::to_string(++tokens_);
  }

  // The text that `make` returns, which is called once and kept. Throws what it throws.
  std::string sequence_restart(const std::function<std::string()>& make) {
    const MutexLock lock(sequence_mutex_);
    if (!sequence_restart_) sequence_restart_ = make();
    return *sequence_restart_;
  }

  // Closes what waits, and what comes back from now on.
  void end() {
    const MutexLock lock(mutex_);
    ended_ = true;
    idle_.clear();
  }

 private:
  const std::string name_;
  const std::string connection_string_;
  OpenSandboxes open_sandboxes_;
  Mutex sequence_mutex_;
  std::optional<std::string> sequence_restart_ ABSL_GUARDED_BY(sequence_mutex_);
  Mutex mutex_;
  int tokens_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<SandboxConnection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SANDBOX_CONNECTION_POOL_H_
