// Sees the completion of every statement on a connection, whoever sent it.
//
// libpq announces each result; its command tag tells, without parsing any SQL, whether application
// code has tried to end the sandbox's outer transaction or left something behind that a commit
// would have cleared. Of the few statements whose tag does not tell enough (SET LOCAL has that of
// SET) the text is asked for.
#ifndef DRYDOCK_SRC_STATEMENT_WATCH_H_
#define DRYDOCK_SRC_STATEMENT_WATCH_H_

#include <libpq-events.h>
#include <libpq-fe.h>

#include <string>
#include <vector>

#include "src/connection.h"
#include "src/notice_board.h"
#include "src/statement_observer.h"
#include "src/statement_text.h"

namespace drydock::internal {

// Belongs to one connection and lives as long; for the thread that uses the connection.
class StatementWatch {
 public:
  StatementWatch() = default;
  StatementWatch(const StatementWatch&) = delete;
  StatementWatch& operator=(const StatementWatch&) = delete;

  // Throws `std::bad_alloc` where libpq cannot register it. All outlive it. drydock's own
  // statements are not watched.
  void attach(Connection& connection, StatementObserver& observer, NoticeBoard& notices);

  // The message that ended the outer transaction, or the tag of the statement that did or that
  // began another; empty where there was none. The session has ended then, where the message was
  // seen.
  const std::string& escape() const { return escape_; }
  // Whether a COMMIT has succeeded since `clear`: the guard was gone, or the transaction was
  // another.
  bool committed() const { return committed_; }
  // SET, SET LOCAL and set_config() since `transaction_began`, as far as the text of the messages
  // tells.
  const std::vector<SettingChange>& setting_changes() const { return setting_changes_; }
  // Whether there was one more since `transaction_began`, beyond what the server shows of a
  // message.
  bool setting_cut_off() const { return setting_cut_off_; }
  // Whether the server has shown only the beginning of a message since `transaction_began`.
  bool message_cut() const { return message_cut_; }
  // Why the text of a message could not be had; empty where it could.
  const std::string& unreadable() const { return unreadable_; }
  // Whether a ROLLBACK or ROLLBACK TO has completed since `transaction_began`.
  bool rollback_seen() const { return rollback_seen_; }
  // Whether a cursor has been declared, or all were closed, since `clear`.
  bool cursor_declared() const { return cursor_declared_; }
  // Whether SQL has prepared a statement since `clear`, which outlives a rollback.
  bool statement_prepared() const { return statement_prepared_; }
  // Whether an advisory lock of the session may have been taken since `clear`.
  bool session_locked() const { return session_locked_; }
  // Whether constraints may have been made or dropped since `clear`, as far as tags and the types
  // of columns tell: a block, a procedure, or a function that returns nothing may do so, too.
  bool schema_changed() const { return schema_changed_; }
  // The same since `constraints_read`.
  bool constraints_changed() const { return constraints_changed_; }
  void constraints_read() { constraints_changed_ = false; }
  // Whether BEGIN has been sent inside the transaction since `transaction_began`, which the server
  // ignores with a warning.
  bool begin_seen() const { return begin_seen_; }

  // Whether a statement has failed, since `transaction_began`, because it cannot run inside a
  // transaction block.
  bool needs_no_transaction() const { return needs_no_transaction_; }

  // Whether lock_timeout has ended a statement since `transaction_began`. (NOWAIT fails otherwise.)
  bool lock_timed_out() const { return lock_timed_out_; }

  void clear();
  void cursors_closed() { cursor_declared_ = false; }
  void transaction_began();

 private:
  static int on_event(PGEventId event, void* info, void* self);
  void see(const PGresult* result);

  void see_failure(const PGresult* result);
  void read_text() noexcept;
  void see_setting();

  Connection* connection_ = nullptr;
  StatementObserver* observer_ = nullptr;
  NoticeBoard* notices_ = nullptr;
  bool committed_ = false;
  bool rollback_seen_ = false;
  bool cursor_declared_ = false;
  bool statement_prepared_ = false;
  bool schema_changed_ = false;
  bool constraints_changed_ = false;
  bool begin_seen_ = false;
  bool session_locked_ = false;
  bool needs_no_transaction_ = false;
  bool lock_timed_out_ = false;
  std::string escape_;
  std::vector<SettingChange> setting_changes_;
  bool setting_cut_off_ = false;
  bool message_cut_ = false;
  std::string unreadable_;
  // Of the message that has been read last: whether it is cut, and the statements about settings
  // whose tags have not come.
  bool cut_ = false;
  int settings_to_come_ = 0;
  std::string last_read_;  // when the message began that has been read last
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_STATEMENT_WATCH_H_
