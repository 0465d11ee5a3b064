// Sees the completion of every statement on a connection, whoever sent it.
//
// libpq announces each result; its command tag tells, without parsing any SQL, whether application
// code has tried to end the sandbox's outer transaction or left something behind that a commit
// would have cleared.
#ifndef DRYDOCK_SRC_STATEMENT_WATCH_H_
#define DRYDOCK_SRC_STATEMENT_WATCH_H_

#include <libpq-events.h>
#include <libpq-fe.h>

#include <string>

namespace drydock::internal {

// Belongs to one connection and lives as long; for the thread that uses the connection.
class StatementWatch {
 public:
  StatementWatch() = default;
  StatementWatch(const StatementWatch&) = delete;
  StatementWatch& operator=(const StatementWatch&) = delete;

  // Throws `std::bad_alloc` where libpq cannot register it.
  void attach(PGconn* connection);

  // drydock's own statements are not watched.
  void ignore(bool ignore) { ignoring_ = ignore; }

  // The tag of the first statement that ended the outer transaction or began another, "COMMIT" for
  // one; empty where there was none. A ROLLBACK is not told from a ROLLBACK TO here: it shows in
  // the connection's transaction status.
  const std::string& escape() const { return escape_; }
  // Whether a ROLLBACK or ROLLBACK TO has completed since `transaction_began`.
  bool rollback_seen() const { return rollback_seen_; }
  // Whether a cursor has been declared since `clear`.
  bool cursor_declared() const { return cursor_declared_; }
  // Whether tables may have been created or altered since `clear`.
  bool schema_changed() const { return schema_changed_; }

  // Whether a statement has failed, since `transaction_began`, because it cannot run inside a
  // transaction block.
  bool needs_no_transaction() const { return needs_no_transaction_; }

  void clear();
  void transaction_began() { rollback_seen_ = needs_no_transaction_ = false; }

 private:
  static int on_event(PGEventId event, void* info, void* self);
  void see(const PGresult* result, PGTransactionStatusType before);

  bool ignoring_ = false;
  bool rollback_seen_ = false;
  bool cursor_declared_ = false;
  bool schema_changed_ = false;
  bool needs_no_transaction_ = false;
  std::string escape_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_STATEMENT_WATCH_H_
