// Runs the program of the user that makes the schema: a migration tool, say.
#ifndef DRYDOCK_SRC_SCHEMA_COMMAND_H_
#define DRYDOCK_SRC_SCHEMA_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "drydock/test_database.h"
#include "src/admin_connection.h"

namespace drydock::internal {

// What the result of the command depends on, as a hash: `options.schema_key`, or the contents of
// `options.schema_inputs`. InvalidArgument where neither is given; NotFound: no such input.
absl::StatusOr<std::string> schema_command_key(const TestDatabaseOptions& options);

// Runs it and waits for its end. It finds the database of `connection` in the PG* variables and in
// DATABASE_URL. InvalidArgument with the command, how it ended, and the end of what it said.
absl::Status run_schema_command(AdminConnection& connection, const std::string& command);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SCHEMA_COMMAND_H_
