// The database that holds a loaded schema, of which the tests' databases are copies.
#ifndef DRYDOCK_SRC_TEMPLATE_DATABASE_H_
#define DRYDOCK_SRC_TEMPLATE_DATABASE_H_

#include <string>

#include "absl/status/status.h"
#include "src/database_server.h"
#include "src/schema_source.h"

namespace drydock::internal {

// drydock_template_<hash of the schema, of the server's version and of the user>.
std::string template_database_name(const DatabaseServer& server, const SchemaSource& source);

// Builds it if it is not there. Of several processes one builds and the others wait; who waits long
// says on the standard error for whom. It gets its name when it is complete: one that was begun by
// a process that died is never used.
absl::Status ensure_template_database(DatabaseServer& server, const SchemaSource& source,
                                      const std::string& name);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TEMPLATE_DATABASE_H_
