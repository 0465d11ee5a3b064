// The connection under a sandbox: one outer transaction that is never committed, and in it one
// savepoint for each transaction of the application.
//
// Statements of its own go with others in one message wherever they can, so that a sandboxed
// transaction takes no more round trips than a real one: BEGIN, the commit guard and SAVEPOINT are
// one message; RELEASE waits for the next SAVEPOINT. Where the body of a transaction sends nothing,
// nothing is sent for it.
#ifndef DRYDOCK_SRC_SANDBOX_CONNECTION_H_
#define DRYDOCK_SRC_SANDBOX_CONNECTION_H_

#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/notification.h"
#include "drydock/transaction_options.h"
#include "src/connection.h"
#include "src/notice_board.h"
#include "src/session_settings.h"
#include "src/statement_observer.h"
#include "src/statement_watch.h"

namespace drydock::internal {

// What to do where a `TestDatabase` is not there any more.
inline constexpr char kOpenAgain[] =
    "The server, or what TestDatabase::open() has made on it, has gone. Call TestDatabase::open() "
    "again for the next Sandbox, or use SandboxTest, which does so by itself for the next test.";

// For one thread at a time, by the lease.
class SandboxConnection {
 public:
  // Connects. Throws what `Connection::open` throws.
  explicit SandboxConnection(const std::string& connection_string);
  SandboxConnection(const SandboxConnection&) = delete;
  SandboxConnection& operator=(const SandboxConnection&) = delete;
  ~SandboxConnection() = default;

  Connection& connection() { return *connection_; }

  // What the session's lock_timeout is in the outer transaction that begins next; else 5 s.
  void set_lock_timeout(absl::Duration timeout);
  // Statements to run at the beginning of the outer transaction; before its first `begin`.
  void set_prologue(std::string sql) { prologue_ = std::move(sql); }

  // Before the body of an outermost transaction: forgets what was seen of the last one.
  void expect_transaction();
  // Before its first statement.
  void begin(const TransactionOptions& options);
  // A simulated commit: does what COMMIT does, up to its durability. Throws what fails in it, a
  // deferred constraint for one; roll back then. Both do nothing where `begin` was not called.
  void commit();
  void roll_back();

  // What the last commit notified, in order; once.
  std::vector<Notification> take_notifications() { return std::exchange(notifications_, {}); }

  // What application SQL did to the outer transaction, in words; empty where it is as it should be.
  std::string escape();

  // Whether application SQL has committed something for real.
  bool committed() const { return watch_.committed(); }

  // What could not be done to undo the transaction's changes to the session, and why, as the end of
  // a sentence; empty where all was undone.
  std::string settings_left() const;
  // Why a NOTIFY of the transaction was not seen, as the end of a sentence; empty where all were.
  std::string notify_left() const;
  // How the transaction has waited for a lock until lock_timeout ended that.
  enum class LockWait { kNone, kOfStatement, kOfPrologue };
  LockWait lock_wait() const;
  // Whether it has sent BEGIN, which the server ignores with a warning.
  bool begin_seen() const { return watch_.begin_seen(); }
  // Whether a statement of the transaction failed for want of being outside of any.
  bool needs_no_transaction() const { return watch_.needs_no_transaction(); }

  // Ends the outer transaction, and proves that it is the one that was begun: a savepoint is of its
  // transaction. False: the connection is lost or not to be trusted, `escape` says why; close it.
  bool reset() noexcept;

 private:
  enum class Savepoint {
    kNoTransaction,  // the outer transaction has not begun
    kEmpty,          // set, with nothing after it
    kUsed,           // a transaction has been committed after it
  };

  void exec(const std::string& sql);
  std::string own_lock_timeout();
  void leave_session_powerless();
  void renew_savepoint();
  void check_constraints();
  void read_constraints();
  // Why the text of a message was not there.
  std::string why_unread() const;

  std::unique_ptr<Connection> connection_;
  StatementObserver observer_;
  SessionSettings settings_;
  NoticeBoard notices_;
  StatementWatch watch_;
  Savepoint savepoint_ = Savepoint::kNoTransaction;
  // `begin` has been called, for the transaction that is expected.
  bool began_ = false;
  // The savepoint was gone when it was to be used.
  bool savepoint_lost_ = false;
  std::vector<Notification> notifications_;
  // Of the last commit.
  std::string settings_left_;
  std::string prologue_;
  bool prologue_waited_ = false;
  std::string lock_timeout_;  // empty: the usual one, which the session has
  // Gives the outer transaction back what the session lacks; empty where it lacks nothing.
  std::string take_power_;
  // "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS … DEFERRED", empty where the schema has none
  // that can be deferred; unknown until the first commit.
  std::optional<std::string> constraints_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SANDBOX_CONNECTION_H_
