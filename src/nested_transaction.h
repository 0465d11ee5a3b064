// Which transaction a thread is in, and a `transact` inside another.
//
// The owner of an outermost transaction (the pool, the sandbox) puts an `CurrentTransaction` on the
// stack while the body runs. A `transact` of the same database on the same thread finds it with
// `CurrentTransaction::find` and joins it with `run_nested`:
//
//   if (CurrentTransaction* outer = CurrentTransaction::find(this)) {
//     run_nested(*outer, options, where, body);
//     return;
//   }
//
// A nested body works on the transaction object of the outermost one, inside a savepoint that is
// sent here. (A `pqxx::subtransaction` of libpqxx 6.4 sends no SAVEPOINT before its first plain
// `exec`, and none of any version releases its savepoint after a rollback.)
#ifndef DRYDOCK_SRC_NESTED_TRANSACTION_H_
#define DRYDOCK_SRC_NESTED_TRANSACTION_H_

#include "absl/functional/function_ref.h"
#include "drydock/source_location.h"
#include "drydock/transaction.h"
#include "drydock/transaction_options.h"
#include "src/commit_effects.h"
#include "src/connection.h"
#include "src/deferred_begin.h"
#include "src/savepoint_transaction.h"

namespace drydock::internal {

// One open transaction of the calling thread, outermost or nested. Lives on the stack, around the
// body; destroyed in the reverse order of construction, on the same thread.
class CurrentTransaction {
 public:
  // `database` names the database and is only compared. All outlive this. `begin`, where there is
  // one, has to be sent before anything else.
  CurrentTransaction(const void* database, Connection& connection, SavepointTransaction& sql,
                     CommitEffects& effects, const TransactionOptions& options,
                     SourceLocation where, DeferredBegin* begin = nullptr);
  // Nested in `outer`.
  CurrentTransaction(CurrentTransaction& outer, const TransactionOptions& options,
                     SourceLocation where);
  CurrentTransaction(const CurrentTransaction&) = delete;
  CurrentTransaction& operator=(const CurrentTransaction&) = delete;
  ~CurrentTransaction();

  // The innermost one of `database` on this thread; null where there is none.
  static CurrentTransaction* find(const void* database);
  // The innermost one of any database on this thread; null where there is none.
  static CurrentTransaction* innermost();

  // Sends the BEGIN, if that is still due.
  void begin() const {
    if (begin_ != nullptr) begin_->now();
  }
  Connection& connection() const { return *connection_; }
  // In `begin` of the outermost one: it begins on another connection than it was made for.
  void move_to(Connection& connection) { connection_ = &connection; }
  SavepointTransaction& sql() const { return sql_; }
  CommitEffects& effects() const { return effects_; }
  Isolation isolation() const { return isolation_; }
  // Of this transact, nested or not.
  SourceLocation where() const { return where_; }
  // 0 for the outermost.
  int depth() const { return depth_; }

 private:
  const void* database_;
  Connection* connection_;
  SavepointTransaction& sql_;
  CommitEffects& effects_;
  Isolation isolation_;
  SourceLocation where_;
  DeferredBegin* begin_;
  int depth_ = 0;
  CurrentTransaction* previous_;  // of this thread, of whichever database
};

// Runs `body` in a savepoint of `outer`. Its throw rolls back to it, drops its effects and comes
// out again. Throws `TransactionMisuseError` for a stricter isolation than the outermost
// transaction has, and where a stream is open; what `check_before_commit` throws; what libpqxx
// throws. `options.read_only` holds until the body ends; `options.max_attempts` is without effect.
void run_nested(CurrentTransaction& outer, const TransactionOptions& options, SourceLocation where,
                absl::FunctionRef<void(Transaction&)> body);

// Whether the transaction that a body worked in can be committed or released, as far as the client
// can tell. Throws `TransactionAbortedError` where a statement failed and the body dropped the
// exception, `TransactionMisuseError` where the body ended the transaction by SQL or left a stream
// open, `pqxx::broken_connection` where the connection is lost.
void check_before_commit(Connection& connection, SourceLocation where);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_NESTED_TRANSACTION_H_
