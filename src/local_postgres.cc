#include "drydock/local_postgres.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "src/mutex.h"

namespace drydock {

LocalPostgres::LocalPostgres(std::unique_ptr<internal::LocalPostgresServer> server)
    : server_(std::move(server)) {}

LocalPostgres::~LocalPostgres() = default;

const std::string& LocalPostgres::connection_string() const { return server_->connection_string(); }

absl::StatusOr<LocalPostgres*> LocalPostgres::try_shared() {
  struct Shared {
    internal::Mutex mutex;
    std::unique_ptr<LocalPostgres> server ABSL_GUARDED_BY(mutex);
  };
  // Destroyed at the end of the process: a private server is stopped then.
  static Shared shared;
  internal::MutexLock lock(shared.mutex);
  if (shared.server != nullptr) {
    if (absl::Status status = shared.server->server_->ensure_running(); !status.ok()) return status;
    return shared.server.get();
  }
  absl::StatusOr<internal::LocalPostgresOptions> options =
      internal::LocalPostgresOptions::from_environment();
  if (!options.ok()) return options.status();
  absl::StatusOr<std::unique_ptr<internal::LocalPostgresServer>> server =
      internal::LocalPostgresServer::join(*std::move(options));
  if (!server.ok()) return server.status();
  shared.server.reset(new LocalPostgres(*std::move(server)));
  return shared.server.get();
}

LocalPostgres& LocalPostgres::shared() {
  absl::StatusOr<LocalPostgres*> server = try_shared();
  if (!server.ok()) throw LocalPostgresError(std::string(server.status().message()));
  return **server;
}

}  // namespace drydock
