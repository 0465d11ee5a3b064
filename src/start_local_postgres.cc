// Starts the local PostgreSQL server, unless it runs, and prints its connection string. For what
// comes before a run of many tests under Bazel: see drydock/local_postgres.h.
#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "drydock/local_postgres.h"

int main() {
  const absl::StatusOr<drydock::LocalPostgres*> server = drydock::LocalPostgres::try_shared();
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", std::string(server.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->connection_string().c_str());
  return 0;
}
