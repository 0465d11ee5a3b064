#include "src/nested_transaction.h"

#include <exception>
#include <pqxx/pqxx>
#include <string>

#include "absl/strings/str_cat.h"
#include "drydock/transaction_errors.h"

namespace drydock::internal {
namespace {

// The innermost transaction of the thread. Changed only by the constructor and the destructor.
thread_local CurrentTransaction* innermost_transaction = nullptr;

const char* name_of(Isolation isolation) {
  switch (isolation) {
    case Isolation::kReadCommitted:
      return "read committed";
    case Isolation::kRepeatableRead:
      return "repeatable read";
    case Isolation::kSerializable:
      return "serializable";
  }
  return "unknown";
}

void check_can_nest(CurrentTransaction& outer, const TransactionOptions& options,
                    SourceLocation where) {
  if (options.isolation > outer.isolation()) {
    throw TransactionMisuseError(
        absl::StrCat("drydock: the transact at ", where.to_string(), " asks for ",
                     name_of(options.isolation), ", but runs inside the one at ",
                     outer.where().to_string(), ", which is ", name_of(outer.isolation()),
                     ". The isolation is that of the outermost transact: ask for it there."));
  }
  if (outer.connection().transaction_status() == PQTRANS_ACTIVE && !outer.connection().settle()) {
    throw TransactionMisuseError(
        absl::StrCat("drydock: the transact at ", where.to_string(), " begins inside the one at ",
                     outer.where().to_string(),
                     " while a stream or pipeline is open on it. Complete the stream first."));
  }
}

void roll_back_to(CurrentTransaction& outer, const std::string& savepoint,
                  CommitEffects::Mark mark) {
  outer.effects().drop_from(mark);
  if (!outer.connection().healthy()) return;  // the server has rolled all of it back
  try {
    // Without the release, each rollback would leave a savepoint behind, which slows what follows.
    outer.connection().exec_raw("ROLLBACK TO SAVEPOINT " + savepoint + "; RELEASE SAVEPOINT " +
                                savepoint);
  } catch (const std::exception&) {
    // The outer transaction is unusable and will say so at its next statement; the exception that
    // led here is the one to report.
  }
}

}  // namespace

CurrentTransaction::CurrentTransaction(const void* database, Connection& connection,
                                       SavepointTransaction& sql, CommitEffects& effects,
                                       const TransactionOptions& options, SourceLocation where,
                                       DeferredBegin* begin)
    : database_(database),
      connection_(&connection),
      sql_(sql),
      effects_(effects),
      isolation_(options.isolation),
      where_(where),
      begin_(begin),
      previous_(innermost_transaction) {
  innermost_transaction = this;
}

CurrentTransaction::CurrentTransaction(CurrentTransaction& outer, const TransactionOptions& options,
                                       SourceLocation where)
    : CurrentTransaction(outer.database_, *outer.connection_, outer.sql_, outer.effects_, options,
                         where, outer.begin_) {
  isolation_ = outer.isolation_;
  depth_ = outer.depth_ + 1;
}

CurrentTransaction::~CurrentTransaction() { innermost_transaction = previous_; }

CurrentTransaction* CurrentTransaction::find(const void* database) {
  CurrentTransaction* open = innermost_transaction;
  while (open != nullptr && open->database_ != database) open = open->previous_;
  return open;
}

CurrentTransaction* CurrentTransaction::innermost() { return innermost_transaction; }

void run_nested(CurrentTransaction& outer, const TransactionOptions& options, SourceLocation where,
                absl::FunctionRef<void(Transaction&)> body) {
  check_can_nest(outer, options, where);
  outer.begin();
  Connection& connection = outer.connection();
  const CurrentTransaction nested(outer, options, where);
  const std::string savepoint = absl::StrCat("drydock_nested_", nested.depth());
  connection.exec_raw(absl::StrCat("SAVEPOINT ", savepoint,
                                   options.read_only ? "; SET TRANSACTION READ ONLY" : ""));
  const CommitEffects::Mark mark = outer.effects().mark();
  try {
    Transaction transaction(outer.sql(), outer.effects());
    body(transaction);
    check_before_commit(connection, where);
    connection.exec_raw("RELEASE SAVEPOINT " + savepoint);
  } catch (...) {
    roll_back_to(outer, savepoint, mark);
    throw;
  }
}

void check_before_commit(Connection& connection, SourceLocation where) {
  if (connection.transaction_status() == PQTRANS_ACTIVE) connection.settle();
  switch (connection.transaction_status()) {
    case PQTRANS_INTRANS:
      return;
    case PQTRANS_INERROR: {
      const std::string said = connection.last_server_message();
      throw TransactionAbortedError(absl::StrCat(
          "drydock: the transact at ", where.to_string(),
          " cannot commit: a statement in it failed and the body caught the exception, so that the "
          "server would answer COMMIT with a rollback. Nothing was written. Let the exception "
          "leave "
          "the body, or run the statement that may fail in a transact of its own inside this one "
          "and "
          "catch the exception outside of that.",
          said.empty() ? "" : "\nThe server's last message: ", said));
    }
    case PQTRANS_IDLE:
      throw TransactionMisuseError(absl::StrCat(
          "drydock: the body of the transact at ", where.to_string(),
          " ended the transaction itself, by SQL (COMMIT, ROLLBACK, PREPARE TRANSACTION). Return "
          "from "
          "the body to commit, throw out of it to roll back. Its on_commit hooks and submits are "
          "dropped."));
    case PQTRANS_ACTIVE:
      throw TransactionMisuseError(absl::StrCat(
          "drydock: the body of the transact at ", where.to_string(),
          " returned while a stream or pipeline was still open on its transaction. Complete it in "
          "the body."));
    case PQTRANS_UNKNOWN:
      break;
  }
  throw pqxx::broken_connection(
      absl::StrCat("drydock: the connection was lost before the transact at ", where.to_string(),
                   " could commit. The server rolls it back."));
}

}  // namespace drydock::internal
