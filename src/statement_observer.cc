#include "src/statement_observer.h"

#include <libpq-fe.h>

#include <cstddef>
#include <cstdlib>
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
using Result = std::unique_ptr<PGresult, ClearResult>;

Result ask(Connection& connection, const std::string& sql) {
  PGconn* const raw = connection.raw();
  Result result(raw == nullptr ? nullptr : PQexec(raw, sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) throw_sql_failure(raw, result.get(), sql);
  return result;
}

// A text is cut to one byte less, between two characters.
constexpr std::size_t kMostCutOff = 4;

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
  open();
  work(*connection_);
}

// The size stays as it is for as long as the server runs.
void StatementObserver::open() {
  connection_ = Connection::open(connection_string_, absl::Seconds(5));
  const Result size =
      ask(*connection_, "SELECT setting FROM pg_settings WHERE name = 'track_activity_query_size'");
  shown_size_ = std::strtoull(PQgetvalue(size.get(), 0, 0), nullptr, 10);
}

ObservedMessage StatementObserver::last_message() {
  ObservedMessage message;
  on_connection([&](Connection& connection) { message = read(connection); });
  return message;
}

ObservedMessage StatementObserver::read(Connection& connection) const {
  const std::string sql =
      "SELECT query, extract(epoch FROM query_start)::numeric(20, 6), octet_length(query) "
      "FROM pg_stat_get_activity(" +
      backend_ + ")";
  const Result result = ask(connection, sql);
  if (PQntuples(result.get()) == 0) return {};
  const std::size_t length = std::strtoull(PQgetvalue(result.get(), 0, 2), nullptr, 10);
  return {PQgetvalue(result.get(), 0, 0), PQgetvalue(result.get(), 0, 1),
          length + kMostCutOff >= shown_size_};
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
