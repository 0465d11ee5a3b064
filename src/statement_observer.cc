#include "src/statement_observer.h"

#include <libpq-fe.h>

#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "src/sql_failure.h"

namespace drydock::internal {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

}  // namespace

void StatementObserver::on_connection(absl::FunctionRef<void(Connection&)> work) {
  if (connection_ != nullptr) {
    try {
      work(*connection_);
      return;
    } catch (const pqxx::broken_connection&) {
      connection_.reset();
    }
  }
  connection_ = Connection::open(connection_string_, absl::Seconds(5));
  work(*connection_);
}

ObservedMessage StatementObserver::last_message() {
  ObservedMessage message;
  on_connection([&](Connection& connection) { message = read(connection); });
  return message;
}

ObservedMessage StatementObserver::read(Connection& connection) const {
  const std::string sql =
      "SELECT query, extract(epoch FROM query_start)::numeric(20, 6) FROM pg_stat_get_activity(" +
      backend_ + ")";
  PGconn* const raw = connection.raw();
  const std::unique_ptr<PGresult, ClearResult> result(raw == nullptr ? nullptr
                                                                     : PQexec(raw, sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) throw_sql_failure(raw, result.get(), sql);
  if (PQntuples(result.get()) == 0) return {};
  return {PQgetvalue(result.get(), 0, 0), PQgetvalue(result.get(), 0, 1)};
}

// (With a timeout, pg_terminate_backend() itself waits, in steps of a tenth of a second.)
void StatementObserver::terminate() {
  on_connection([this](Connection& connection) {
    connection.exec_raw("SELECT pg_terminate_backend(" + backend_ + ")");
  });
  const absl::Time end = absl::Now() + absl::Seconds(1);
  while (!last_message().began.empty() && absl::Now() < end)
    absl::SleepFor(absl::Microseconds(200));
}

}  // namespace drydock::internal
