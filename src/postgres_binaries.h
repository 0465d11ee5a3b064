// Where the programs of the installed PostgreSQL are.
#ifndef DRYDOCK_SRC_POSTGRES_BINARIES_H_
#define DRYDOCK_SRC_POSTGRES_BINARIES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace drydock::internal {

struct PostgresBinaries {
  // Has `initdb` and `postgres`.
  std::string folder;
  // Short, and different for installations that must not share a server: the major version of one
  // of Debian's, else a hash of the folder.
  std::string label;
};

// Where to look; the defaults are what a process looks at.
struct PostgresSearch {
  static PostgresSearch from_environment();

  // DRYDOCK_POSTGRES_BIN; if not empty, nothing else is looked at.
  std::string chosen;
  // Has a folder for each major version.
  std::string debian_folder = "/usr/lib/postgresql";
  // PATH
  std::string path;
};

// NotFound where there are none: the message says where they were looked for and what to install.
absl::StatusOr<PostgresBinaries> find_postgres_binaries(const PostgresSearch& search);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_POSTGRES_BINARIES_H_
