// Which server a test's database is made on, and the connection through which it is made.
#ifndef DRYDOCK_SRC_DATABASE_SERVER_H_
#define DRYDOCK_SRC_DATABASE_SERVER_H_

#include <string>

#include "absl/status/statusor.h"
#include "src/admin_connection.h"

namespace drydock::internal {

struct DatabaseServer {
  AdminConnection admin;
  // Started by drydock: nobody else uses it, and it does not have to survive a crash.
  bool is_ours = false;
};

// Connects to the server that `url` names; else DRYDOCK_DATABASE_URL, else the PG* variables, else
// `LocalPostgres`. A failure says which of these it was, without the password, and what is valid.
absl::StatusOr<DatabaseServer> connect_to_server(const std::string& url);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DATABASE_SERVER_H_
