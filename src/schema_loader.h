// Makes a schema in a database.
#ifndef DRYDOCK_SRC_SCHEMA_LOADER_H_
#define DRYDOCK_SRC_SCHEMA_LOADER_H_

#include "absl/status/status.h"
#include "src/admin_connection.h"
#include "src/schema_source.h"

namespace drydock::internal {

// Stops at the first statement that fails. InvalidArgument with "file:line:column: message", the
// line and a mark below the place, and PostgreSQL's detail and hint; or what `run_schema_command`
// says.
absl::Status load_schema(AdminConnection& connection, const SchemaSource& source);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SCHEMA_LOADER_H_
