#include "src/sandbox_connection.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "absl/time/time.h"
#include "src/connection.h"

namespace drydock::internal {
namespace {

// Makes a real COMMIT fail: a cursor WITH HOLD is materialised when its transaction commits, and
// this one asks for a setting that there is not. Its name is what the server's message says.
constexpr char kGuard[] =
    "DECLARE drydock_guard CURSOR WITH HOLD FOR "
    "SELECT pg_catalog.current_setting('drydock: a sandbox is never committed')";
constexpr char kSavepoint[] = "SAVEPOINT drydock";
constexpr char kLockNotAvailable[] = "55P03";

constexpr char kReadOnly[] = "default_transaction_read_only";
constexpr char kLockTimeout[] = "lock_timeout";
// That of most sandboxes, so that it is set only once in a session.
constexpr absl::Duration kUsualLockTimeout = absl::Seconds(5);

// As the server takes it: 0 is without end.
std::string in_milliseconds(absl::Duration timeout) {
  constexpr absl::Duration kLongest = absl::Hours(24 * 20);
  if (timeout == absl::InfiniteDuration()) return "0";
  return std::to_string(
      absl::ToInt64Milliseconds(std::clamp(timeout, absl::Milliseconds(1), kLongest)));
}

// The constraints and constraint triggers that can be deferred, and whether they are from the
// start. One table and no aggregate: a third of the time of putting the names together on the
// server.
constexpr char kDeferrable[] =
    "SELECT connamespace::pg_catalog.regnamespace, pg_catalog.quote_ident(conname), condeferred "
    "FROM pg_catalog.pg_constraint WHERE condeferrable";

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};

}  // namespace

SandboxConnection::SandboxConnection(const std::string& connection_string)
    : connection_(Connection::open(connection_string, absl::Seconds(5), kOpenAgain)),
      observer_(connection_string, PQbackendPID(connection_->raw())),
      settings_(*connection_,
                {{kReadOnly, "on"}, {kLockTimeout, in_milliseconds(kUsualLockTimeout)}}),
      notices_(*connection_) {
  watch_.attach(*connection_, observer_, notices_);
  notices_.attach();
  exec(std::string("SET ") + kReadOnly + " = on; SET " + kLockTimeout + " = " +
       in_milliseconds(kUsualLockTimeout));
  leave_session_powerless();
}

// What runs outside of the outer transaction, because application SQL has ended it, can write
// nothing: a new transaction is read only. One that ROLLBACK AND CHAIN begins is not, and has a
// role that owns nothing.
void SandboxConnection::leave_session_powerless() {
  try {
    exec("SET ROLE pg_signal_backend");
    take_power_ = "SET LOCAL ROLE NONE; ";
  } catch (const pqxx::sql_error&) {
    // Who is no superuser may not take that role, and does without.
  }
}

void SandboxConnection::exec(const std::string& sql) { connection_->exec_raw(sql); }

void SandboxConnection::set_lock_timeout(absl::Duration timeout) {
  lock_timeout_ = timeout == kUsualLockTimeout ? "" : in_milliseconds(timeout);
}

void SandboxConnection::expect_transaction() {
  began_ = prologue_waited_ = false;
  watch_.transaction_began();
  notifications_.clear();
  settings_left_.clear();
  notices_.transaction_began();
}

void SandboxConnection::begin(const TransactionOptions& options) {
  expect_transaction();
  began_ = true;
  std::string sql;
  switch (savepoint_) {
    case Savepoint::kNoTransaction:
      sql = "BEGIN READ WRITE; " + take_power_ + own_lock_timeout() + kGuard + "; " + prologue_ +
            kSavepoint + ";";
      watch_.clear();
      break;
    case Savepoint::kUsed:
      sql = std::string("RELEASE drydock; ") + kSavepoint + ";";
      break;
    case Savepoint::kEmpty:
      break;
  }
  if (options.read_only) sql += "SET TRANSACTION READ ONLY;";
  if (sql.empty()) return;
  try {
    exec(sql);
    notices_.transaction_began();  // the savepoint of the sandbox is not the application's
  } catch (const pqxx::sql_error& error) {
    if (savepoint_ != Savepoint::kNoTransaction) {
      savepoint_lost_ = savepoint_ == Savepoint::kUsed;
      throw;
    }
    exec("ROLLBACK");  // nothing has begun: the next body begins again
    settings_.forget();
    prologue_waited_ = error.sqlstate() == kLockNotAvailable;
    throw;
  }
  savepoint_ = Savepoint::kEmpty;
}

std::string SandboxConnection::own_lock_timeout() {
  if (lock_timeout_.empty()) return "";
  settings_.begin_with(kLockTimeout, lock_timeout_);
  return std::string("SET LOCAL ") + kLockTimeout + " = " + lock_timeout_ + "; ";
}

SandboxConnection::LockWait SandboxConnection::lock_wait() const {
  if (prologue_waited_) return LockWait::kOfPrologue;
  return watch_.lock_timed_out() ? LockWait::kOfStatement : LockWait::kNone;
}

void SandboxConnection::commit() {
  if (!began_) return;
  if (watch_.rollback_seen()) renew_savepoint();
  check_constraints();
  notifications_ = notices_.take();
  settings_.commit(watch_.setting_changes());
  settings_left_ = watch_.setting_cut_off()
                       ? "see which, since " + why_unread() + ". It lasts until the test ends."
                       : settings_.left();
  if (watch_.cursor_declared()) {
    // A cursor ends with the transaction that declared it; the guard is one too.
    exec(std::string("CLOSE ALL; ") + kGuard);
    watch_.cursors_closed();
  }
  savepoint_ = Savepoint::kUsed;
}

// Fails where application SQL has rolled the outer transaction back and is in another by now.
void SandboxConnection::renew_savepoint() {
  try {
    exec(std::string("RELEASE drydock; ") + kSavepoint);
  } catch (const pqxx::sql_error&) {
    savepoint_lost_ = true;
    throw;
  }
}

void SandboxConnection::roll_back() {
  if (!began_ || !connection_->healthy() || connection_->transaction_status() == PQTRANS_IDLE)
    return;
  try {
    exec("ROLLBACK TO drydock");
    savepoint_ = Savepoint::kEmpty;
  } catch (const std::exception&) {
    savepoint_lost_ = true;
  }
}

void SandboxConnection::read_constraints() {
  const std::unique_ptr<PGresult, ResultDeleter> result(PQexec(connection_->raw(), kDeferrable));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return;
  constraints_ = "";
  if (PQntuples(result.get()) == 0) return;
  std::string deferred;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    if (*PQgetvalue(result.get(), row, 2) != 't') continue;
    deferred += deferred.empty() ? "" : ", ";
    deferred += PQgetvalue(result.get(), row, 0);
    deferred += std::string(".") + PQgetvalue(result.get(), row, 1);
  }
  *constraints_ = "SET CONSTRAINTS ALL IMMEDIATE;";
  if (!deferred.empty()) *constraints_ += "SET CONSTRAINTS " + deferred + " DEFERRED;";
}

void SandboxConnection::check_constraints() {
  if (!constraints_ || watch_.constraints_changed()) {
    read_constraints();
    watch_.constraints_read();
  }
  if (constraints_ && !constraints_->empty()) exec(*constraints_);
}

std::string SandboxConnection::settings_left() const {
  if (watch_.unreadable().empty()) return settings_left_;
  return "see which. It lasts until the test ends. Reading the statement failed: " +
         watch_.unreadable();
}

std::string SandboxConnection::notify_left() const {
  return notices_.lacks_one() ? why_unread() : "";
}

std::string SandboxConnection::why_unread() const {
  if (!watch_.unreadable().empty()) return "reading the statement failed: " + watch_.unreadable();
  if (!watch_.message_cut()) return "the server does not show its statements";
  return "the message that holds it is longer than the server's track_activity_query_size (" +
         std::to_string(observer_.shown_size()) + " bytes)";
}

std::string SandboxConnection::escape() {
  if (!watch_.escape().empty()) return watch_.escape();
  if (!connection_->healthy()) return "";
  if (savepoint_ != Savepoint::kNoTransaction &&
      connection_->transaction_status() == PQTRANS_IDLE) {
    return "the outer transaction has ended";
  }
  return savepoint_lost_ ? "the sandbox's savepoint is gone" : "";
}

bool SandboxConnection::reset() noexcept {
  prologue_.clear();
  lock_timeout_.clear();
  if (!connection_->healthy()) return false;
  if (savepoint_ == Savepoint::kNoTransaction) {
    return connection_->transaction_status() == PQTRANS_IDLE;
  }
  try {
    if (!escape().empty()) return false;
    try {
      exec("ROLLBACK TO drydock; ROLLBACK");
    } catch (const pqxx::sql_error&) {
      savepoint_lost_ = true;
      return false;
    }
    if (watch_.session_locked()) exec("SELECT pg_catalog.pg_advisory_unlock_all()");
    savepoint_ = Savepoint::kNoTransaction;
    settings_.forget();
    // Constraints that the test itself has made are gone.
    if (watch_.schema_changed()) constraints_.reset();
    // The next test may prepare another statement of the same name.
    return !watch_.statement_prepared() && connection_->transaction_status() == PQTRANS_IDLE;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace drydock::internal
