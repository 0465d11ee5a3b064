// The SQL that makes a test's database, read from where the options or the environment say.
#ifndef DRYDOCK_SRC_SCHEMA_SOURCE_H_
#define DRYDOCK_SRC_SCHEMA_SOURCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "drydock/test_database.h"

namespace drydock::internal {

struct SchemaText {
  // The file, "schema_sql" or "schema_command", for messages.
  std::string name;
  // What it says, or the command.
  std::string text;
  bool is_command = false;
  // Of a command: changes when what it makes does.
  std::string key = {};
};

// In the order in which they run. Empty texts are left out.
using SchemaSource = std::vector<SchemaText>;

// NotFound: a file or folder that is not there, or a folder without *.sql. InvalidArgument: a
// command without inputs or key.
absl::StatusOr<SchemaSource> read_schema(const TestDatabaseOptions& given);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SCHEMA_SOURCE_H_
