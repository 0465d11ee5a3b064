#include "src/connection.h"

#include <algorithm>
#include <memory>
#include <new>
#include <string>

#include "absl/time/time.h"
#include "src/connection_failure.h"
#include "src/sql_failure.h"

namespace drydock::internal {
namespace {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

void check_connection_string(const std::string& connection_string) {
  char* error = nullptr;
  PQconninfoOption* const options = PQconninfoParse(connection_string.c_str(), &error);
  if (options != nullptr) {
    PQconninfoFree(options);
    return;
  }
  const std::string message = error == nullptr ? "out of memory" : error;
  PQfreemem(error);
  throw_bad_connection_string(connection_string, message);
}

std::string whole_seconds(absl::Duration timeout) {
  constexpr absl::Duration kLongest = absl::Hours(24);
  const absl::Duration rounded =
      absl::Ceil(std::clamp(timeout, absl::Seconds(2), kLongest), absl::Seconds(1));
  return std::to_string(absl::ToInt64Seconds(rounded));
}

}  // namespace

std::unique_ptr<Connection> Connection::open(const std::string& connection_string,
                                             absl::Duration timeout,
                                             std::string_view advice_where_gone) {
  check_connection_string(connection_string);
  const std::string seconds = whole_seconds(timeout);
  // `dbname` is expanded into what the string holds; of two equal keys the later one counts.
  const char* const keys[] = {"connect_timeout", "fallback_application_name", "dbname", nullptr};
  const char* const values[] = {seconds.c_str(), "drydock", connection_string.c_str(), nullptr};
  std::unique_ptr<PGconn, FinishConnection> raw(
      PQconnectdbParams(keys, values, /*expand_dbname=*/1));
  if (raw == nullptr) throw std::bad_alloc();
  if (PQstatus(raw.get()) != CONNECTION_OK) throw_connection_failure(raw.get(), advice_where_gone);
  return std::unique_ptr<Connection>(new Connection(raw.release(), connection_string));
}

bool Connection::settle() {
  PGconn* const connection = raw();
  while (connection != nullptr) {
    const std::unique_ptr<PGresult, ClearResult> result(PQgetResult(connection));
    if (result == nullptr) return true;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      return false;
    }
  }
  return true;
}

std::string Connection::last_server_message() {
  PGconn* const connection = raw();
  std::string message = connection == nullptr ? "" : PQerrorMessage(connection);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return message;
}

void Connection::exec_raw(const char* sql) {
  PGconn* const connection = raw();
  if (connection == nullptr) throw_sql_failure(nullptr, nullptr, sql);
  in_exec_raw_ = true;
  const std::unique_ptr<PGresult, ClearResult> result(PQexec(connection, sql));
  in_exec_raw_ = false;
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
    return;
  throw_sql_failure(connection, result.get(), sql);
}

}  // namespace drydock::internal
