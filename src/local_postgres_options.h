// Which local server a process uses: programs, folders, the account that it runs as.
#ifndef DRYDOCK_SRC_LOCAL_POSTGRES_OPTIONS_H_
#define DRYDOCK_SRC_LOCAL_POSTGRES_OPTIONS_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/postgres_binaries.h"

namespace drydock::internal {

// PostgreSQL refuses to run as root.
struct ServerAccount {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct LocalPostgresOptions {
  // What the environment says: DRYDOCK_POSTGRES_BIN, DRYDOCK_HOME, DRYDOCK_IDLE_SECONDS.
  static absl::StatusOr<LocalPostgresOptions> from_environment();

  // For a server whose data is below `parent`; the rest as above.
  static absl::StatusOr<LocalPostgresOptions> in_folder(const std::string& parent);

  // The folder of the shared server.
  std::string shared_folder() const { return home + "/" + binaries.label; }

  // Where the server of `folder` has its cluster. In memory it has a name of its own each time
  // (`mark`): containers may share that folder, and not /tmp.
  std::string data_folder(const std::string& folder, const std::string& mark) const;

  // Who owns the files: `account`, or the user that runs this process.
  uid_t owner() const;

  PostgresBinaries binaries;
  // <DRYDOCK_HOME or /tmp>/drydock-<user id>: the servers of this user.
  std::string home;
  // Where `home` came from, for messages: "DRYDOCK_HOME" or empty.
  std::string home_variable;
  // The account to change to; none unless this process is root's.
  std::optional<ServerAccount> account;
  // Where clusters are kept in memory; empty: in the server's own folder.
  std::string memory_folder;
  // As sleep(1) takes it.
  std::string idle_seconds = "60";
};

// Makes the folder, or checks one that is there: ours, no link, closed to others. `options` says
// whose it is to be.
absl::Status make_own_folder(const std::string& folder, const LocalPostgresOptions& options);

// Whether Bazel runs this process as a test or an action: whatever it leaves behind is then killed
// at its end, by Bazel's process-wrapper or together with its process namespace.
bool bazel_kills_what_we_start();

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LOCAL_POSTGRES_OPTIONS_H_
