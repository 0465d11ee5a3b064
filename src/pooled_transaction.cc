#include "src/pooled_transaction.h"

#include <exception>
#include <pqxx/pqxx>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "src/connection.h"
#include "src/nested_transaction.h"
#include "src/savepoint_transaction.h"
#include "src/transact_scope.h"

namespace drydock::internal {
namespace {

const char* begin_command(const TransactionOptions& options) {
  const bool read_only = options.read_only;
  switch (options.isolation) {
    case Isolation::kReadCommitted:
      break;
    case Isolation::kRepeatableRead:
      return read_only ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                       : "BEGIN ISOLATION LEVEL REPEATABLE READ";
    case Isolation::kSerializable:
      return read_only ? "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
                       : "BEGIN ISOLATION LEVEL SERIALIZABLE";
  }
  return read_only ? "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
                   : "BEGIN ISOLATION LEVEL READ COMMITTED";
}

// The server may have closed an idle connection since it was last used. Nothing has happened in
// this transaction yet, so that another connection serves as well.
void begin(ConnectionPool::Lease& lease, const TransactionOptions& options) {
  const char* const command = begin_command(options);
  if (!lease.fresh()) {
    try {
      lease.connection().exec_raw(command);
      return;
    } catch (const pqxx::broken_connection&) {
      lease.replace();
    }
  }
  lease.connection().exec_raw(command);
}

[[noreturn]] void throw_in_doubt(SourceLocation where, const std::exception& cause) {
  throw pqxx::in_doubt_error(absl::StrCat(
      "drydock: the connection was lost during the COMMIT of the transact at ", where.to_string(),
      ". It may have been committed or not; only the data can tell. ", cause.what()));
}

void commit(Connection& connection, SourceLocation where) {
  try {
    connection.exec_raw("COMMIT");
  } catch (const pqxx::broken_connection& error) {
    throw_in_doubt(where, error);
  } catch (const pqxx::statement_completion_unknown& error) {
    throw_in_doubt(where, error);
  }
}

void roll_back(Connection& connection) {
  if (!connection.healthy() || connection.transaction_status() == PQTRANS_IDLE) return;
  try {
    connection.exec_raw("ROLLBACK");
  } catch (const std::exception&) {
    // The lease sees that the connection is not idle and closes it, which rolls back as well.
  }
}

}  // namespace

void run_pooled_transaction(const void* database, ConnectionPool::Lease& lease,
                            CommitEffects& effects, const TransactionOptions& options,
                            SourceLocation where, absl::FunctionRef<void(Transaction&)> body) {
  begin(lease, options);
  Connection& connection = lease.connection();
  const TransactScope scope(connection, where, /*begun=*/true);
  try {
    SavepointTransaction sql(connection, where);
    const CurrentTransaction open(database, connection, sql, effects, options, where);
    Transaction transaction(sql, effects);
    body(transaction);
    check_before_commit(connection, where);
    sql.end();
    commit(connection, where);
  } catch (...) {
    effects.drop_from(0);
    roll_back(connection);
    throw;
  }
}

void check_transaction_options(const TransactionOptions& options, SourceLocation where) {
  if (options.max_attempts >= 1) return;
  throw std::invalid_argument(absl::StrCat("drydock: the transact at ", where.to_string(),
                                           " has max_attempts = ", options.max_attempts,
                                           "; 1 runs the body once and never again."));
}

}  // namespace drydock::internal
