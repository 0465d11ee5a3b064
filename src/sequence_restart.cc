#include "src/sequence_restart.h"

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "src/connection.h"
#include "src/sql_failure.h"

namespace drydock::internal {
namespace {

// One that has reached its end has no value to restart with.
constexpr char kSequences[] =
    "SELECT string_agg(format('ALTER SEQUENCE %I.%I RESTART WITH %s;', schemaname, sequencename, "
    "coalesce(last_value + increment_by, start_value)), ' ' ORDER BY schemaname, sequencename) "
    "FROM pg_sequences WHERE coalesce(last_value + increment_by, start_value) "
    "BETWEEN min_value AND max_value";

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

}  // namespace

std::string sequence_restart_sql(const std::string& connection_string) {
  const std::unique_ptr<Connection> connection =
      Connection::open(connection_string, absl::Seconds(5));
  const std::unique_ptr<PGresult, ClearResult> result(PQexec(connection->raw(), kSequences));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
    throw_sql_failure(connection->raw(), result.get(), kSequences);
  }
  if (PQgetisnull(result.get(), 0, 0) != 0) return "";
  return PQgetvalue(result.get(), 0, 0);
}

}  // namespace drydock::internal
