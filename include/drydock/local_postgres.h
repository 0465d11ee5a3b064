// A PostgreSQL server for tests, started from the installed PostgreSQL when a test first needs one.
//
// The server listens on a unix socket only, in a folder that no other user of the machine can
// enter, and trades durability for speed (fsync and the like are off). All test processes of the
// machine's user share it. It stops, and removes its data, when no process has used it for
// `DRYDOCK_IDLE_SECONDS` (60). Nothing has to be configured, started or cleaned up.
//
//   pqxx::connection connection(drydock::LocalPostgres::shared().connection_string());
//
// Most tests want `TestDatabase` instead: a database of their own on this server, with the schema
// loaded. `LocalPostgres` is for code that needs a server and makes its databases itself.
//
// The environment that it looks at:
//   DRYDOCK_POSTGRES_BIN  the folder that has `initdb` and `postgres`; else the newest of
//                         /usr/lib/postgresql, else what PATH has
//   DRYDOCK_HOME          the folder for its data and socket; else both are below /tmp, the data in
//                         memory (/dev/shm) where there are 2 GB to spare
//   DRYDOCK_IDLE_SECONDS  how long it outlives its last user; what the process that starts the
//                         server says holds until that server stops
//
// Bazel kills what a test has started when that test ends. In a test under Bazel the server is
// therefore the process's own, started in 0.2 s and gone with it, unless a shared one runs already,
// which //src:start_local_postgres starts.
//
// One folder stays: a copy of a fresh `initdb` (30 MB), which later starts only copy.
#ifndef DRYDOCK_LOCAL_POSTGRES_H_
#define DRYDOCK_LOCAL_POSTGRES_H_

#include <memory>
#include <stdexcept>
#include <string>

#include "absl/status/statusor.h"

namespace drydock {

namespace internal {
class LocalPostgresServer;
}  // namespace internal

// The server cannot be started. The message says what was tried and what to do.
class LocalPostgresError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class LocalPostgres {
 public:
  // The server, started now if it is not running: some milliseconds where it runs, half a second
  // where not. Throws `LocalPostgresError`. The reference holds until the process ends, and so long
  // the server stays. Any thread may call it.
  static LocalPostgres& shared();

  // The same; a failure is the status. Called again after the server has died, it starts a new one
  // under the same connection string.
  static absl::StatusOr<LocalPostgres*> try_shared();

  LocalPostgres(const LocalPostgres&) = delete;
  LocalPostgres& operator=(const LocalPostgres&) = delete;
  ~LocalPostgres();

  // A URI to the database `postgres` as superuser `postgres`, for any client that uses libpq.
  const std::string& connection_string() const;

 private:
  explicit LocalPostgres(std::unique_ptr<internal::LocalPostgresServer> server);

  std::unique_ptr<internal::LocalPostgresServer> server_;
};

}  // namespace drydock

#endif  // DRYDOCK_LOCAL_POSTGRES_H_
