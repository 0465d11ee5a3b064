// The `pqxx::dbtransaction` that a body works on. It sends no SQL for its own begin and end: its
// owner sends BEGIN or SAVEPOINT before it is made, and COMMIT, RELEASE or ROLLBACK after it has
// ended, in one message with whatever else is due.
//
// With both versions of libpqxx:
// - a statement that fails leaves the object open; the server answers the statements after it with
//   25P02 until the owner rolls back. (libpqxx 6.4's own transactions end themselves instead, after
//   which its exec_params runs outside of any transaction. `TransactionShell` prevents that.)
// - exec, exec_params, exec_prepared, stream_to, stream_from and `pqxx::subtransaction` work on it.
// - `commit()` by the body throws `TransactionMisuseError`; `abort()` by the body cannot throw
// (libpqxx
//   catches what it throws), so that it is reported by `end()`.
#ifndef DRYDOCK_SRC_SAVEPOINT_TRANSACTION_H_
#define DRYDOCK_SRC_SAVEPOINT_TRANSACTION_H_

#include "drydock/source_location.h"
#include "src/connection.h"
#include "src/pqxx_compat.h"

namespace drydock::internal {

// For the thread that uses the connection. One at a time on a connection: libpqxx throws
// `pqxx::usage_error` for a second.
class SavepointTransaction final : public TransactionShell {
 public:
  // `connection` outlives this. `where` is the place of the transact, for messages.
  SavepointTransaction(Connection& connection, SourceLocation where);
  ~SavepointTransaction() override;

  // Before the owner's COMMIT or RELEASE. Throws `TransactionMisuseError` where the body has ended
  // the object itself, and what libpqxx throws where a stream or pipeline is still open or has
  // failed unnoticed; the owner rolls back then. No statement runs on it afterwards.
  void end();

  // Before the owner's ROLLBACK. Nothing is checked.
  void abandon() noexcept;

 private:
  void do_commit() override;
  void do_abort() override;
  [[noreturn]] void throw_ended_by_body() const;

  SourceLocation where_;
  bool ending_ = false;                  // the owner ends it, not the body
  const char* ended_by_body_ = nullptr;  // what the body called
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SAVEPOINT_TRANSACTION_H_
