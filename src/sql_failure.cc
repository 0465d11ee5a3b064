#include "src/sql_failure.h"

#include <cstdlib>
#include <pqxx/pqxx>
#include <string>
#include <string_view>

#include "src/pqxx_compat.h"

namespace drydock::internal {
namespace {

struct Failure {
  const std::string& message;
  const std::string& sql;
  const char* sqlstate;
  std::string_view code() const { return sqlstate; }

  template <class Error>
  [[noreturn]] void raise() const {
    throw Error(message, sql, sqlstate);
  }
};

[[noreturn]] void throw_constraint_violation(const Failure& failure) {  // class 23
  const std::string_view code = failure.code();
  if (code == "23001") failure.raise<pqxx::restrict_violation>();
  if (code == "23502") failure.raise<pqxx::not_null_violation>();
  if (code == "23503") failure.raise<pqxx::foreign_key_violation>();
  if (code == "23505") failure.raise<pqxx::unique_violation>();
  if (code == "23514") failure.raise<pqxx::check_violation>();
  failure.raise<pqxx::integrity_constraint_violation>();
}

void throw_transaction_rollback(const Failure& failure) {  // class 40
  const std::string_view code = failure.code();
  const auto& [message, sql, sqlstate] = failure;
  if (code == "40000") throw_rollback<pqxx::transaction_rollback>(message, sql, sqlstate);
  if (code == "40001") throw_rollback<pqxx::serialization_failure>(message, sql, sqlstate);
  if (code == "40003") throw_rollback<pqxx::statement_completion_unknown>(message, sql, sqlstate);
  if (code == "40P01") throw_rollback<pqxx::deadlock_detected>(message, sql, sqlstate);
}

void throw_syntax_or_access(const Failure& failure, const PGresult* result) {  // class 42
  const std::string_view code = failure.code();
  if (code == "42501") failure.raise<pqxx::insufficient_privilege>();
  if (code == "42601") {
    const char* position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    throw pqxx::syntax_error(failure.message, failure.sql, failure.sqlstate,
                             position == nullptr ? -1 : std::atoi(position));
  }
  if (code == "42703") failure.raise<pqxx::undefined_column>();
  if (code == "42883") failure.raise<pqxx::undefined_function>();
  if (code == "42P01") failure.raise<pqxx::undefined_table>();
}

[[noreturn]] void throw_resource_shortage(const Failure& failure) {  // class 53
  const std::string_view code = failure.code();
  if (code == "53100") failure.raise<pqxx::disk_full>();
  if (code == "53200") failure.raise<pqxx::out_of_memory>();
  if (code == "53300") throw pqxx::too_many_connections(failure.message);
  failure.raise<pqxx::insufficient_resources>();
}

[[noreturn]] void throw_plpgsql(const Failure& failure) {  // class P0
  const std::string_view code = failure.code();
  if (code == "P0001") failure.raise<pqxx::plpgsql_raise>();
  if (code == "P0002") failure.raise<pqxx::plpgsql_no_data_found>();
  if (code == "P0003") failure.raise<pqxx::plpgsql_too_many_rows>();
  failure.raise<pqxx::plpgsql_error>();
}

[[noreturn]] void throw_by_sqlstate(const Failure& failure, const PGresult* result) {
  const std::string_view group = failure.code().substr(0, 2);
  if (group == "0A") failure.raise<pqxx::feature_not_supported>();
  if (group == "22") failure.raise<pqxx::data_exception>();
  if (group == "23") throw_constraint_violation(failure);
  if (group == "24") failure.raise<pqxx::invalid_cursor_state>();
  if (group == "26") failure.raise<pqxx::invalid_sql_statement_name>();
  if (group == "34") failure.raise<pqxx::invalid_cursor_name>();
  if (group == "40") throw_transaction_rollback(failure);
  if (group == "42") throw_syntax_or_access(failure, result);
  if (group == "53") throw_resource_shortage(failure);
  if (group == "P0") throw_plpgsql(failure);
  failure.raise<pqxx::sql_error>();
}

// The server is ending this session, whether or not libpq has seen the socket close yet.
bool ends_the_session(std::string_view code) {
  return code.substr(0, 2) == "08" || code == "57P01" || code == "57P02" || code == "57P03";
}

}  // namespace

void throw_sql_failure(PGconn* connection, const PGresult* result, const std::string& sql) {
  const char* const sqlstate =
      result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  std::string message = result == nullptr ? "" : PQresultErrorMessage(result);
  if (message.empty() && connection != nullptr) message = PQerrorMessage(connection);
  const bool broken = connection == nullptr || PQstatus(connection) != CONNECTION_OK ||
                      sqlstate == nullptr || ends_the_session(sqlstate);
  if (broken) {
    if (message.empty()) message = "the connection to the database is lost";
    throw pqxx::broken_connection(message);
  }
  throw_by_sqlstate(Failure{message, sql, sqlstate}, result);
}

}  // namespace drydock::internal
