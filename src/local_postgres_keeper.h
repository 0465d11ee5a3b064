// Starts the keeper: the small process that owns a local server, starts it, waits until nobody uses
// it, stops it and removes its files. It is no child of the process that starts it, and outlives
// that process.
//
// The files in the server's folder:
//   in_use   a process that uses the server holds a shared lock on it; the keeper that stops the
//            server holds it exclusively
//   keeper   the mark of the keeper that is responsible now
//   ready    there from the moment at which the server can be connected to
//   data     the cluster, where it is not in memory
//   where    names the folder of the cluster
//   log      what initdb and the server say
// The folder itself is locked exclusively by who starts a server, and by the keeper until the
// server is ready: two never start at the same time, however they end.
#ifndef DRYDOCK_SRC_LOCAL_POSTGRES_KEEPER_H_
#define DRYDOCK_SRC_LOCAL_POSTGRES_KEEPER_H_

#include <string>

#include "absl/status/statusor.h"
#include "src/local_postgres_options.h"
#include "src/unique_fd.h"

namespace drydock::internal {

// What the keeper says, a line each.
inline constexpr char kKeeperMakesCluster[] = "initdb";
inline constexpr char kKeeperFailed[] = "failed";
// What it is told when the server takes connections. If it hears nothing more instead (the starter
// has died), it stops the server.
inline constexpr char kServerIsReady[] = "ready\n";

// `start_lock` is the descriptor of the lock on `folder`. The result is the keeper's end of a
// conversation: it reads the lines above, then nothing more when the keeper has ended.
absl::StatusOr<UniqueFd> start_keeper(const LocalPostgresOptions& options,
                                      const std::string& folder, const std::string& mark,
                                      const std::string& idle_seconds, int start_lock);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LOCAL_POSTGRES_KEEPER_H_
