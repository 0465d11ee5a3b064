#include "src/statement_watch.h"

#include <exception>
#include <initializer_list>
#include <new>
#include <string_view>
#include <utility>

namespace drydock::internal {
namespace {

// Where the server refuses what cannot run inside a transaction block. (25001 stands for other
// refusals, too.)
constexpr char kRefusal[] = "PreventInTransactionBlock";
constexpr char kFailedTransaction[] = "25P02";
constexpr Oid kVoid = 2278;  // of pg_type, in every version
// Where a wait is ended; what need not wait, by NOWAIT, fails with the same code elsewhere.
constexpr char kInterrupt[] = "ProcessInterrupts";
constexpr char kLockNotAvailable[] = "55P03";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// A call has its function's name, unless the statement gives it another.
bool has_column(const PGresult* result, std::initializer_list<std::string_view> names) {
  for (int i = 0; i < PQnfields(result); ++i) {
    for (const std::string_view name : names) {
      if (PQfname(result, i) == name) return true;
    }
  }
  return false;
}

// Who calls a function that returns nothing wants what it does. PostgreSQL's own (locks, pg_sleep)
// change no schema.
bool calls_for_effect(const PGresult* result) {
  for (int i = 0; i < PQnfields(result); ++i) {
    if (PQftype(result, i) == kVoid && !starts_with(PQfname(result, i), "pg_")) return true;
  }
  return false;
}

// A block or a procedure says nothing of what it does.
bool changes_schema(std::string_view tag) {
  return starts_with(tag, "CREATE") || starts_with(tag, "ALTER") || starts_with(tag, "DROP") ||
         tag == "DO" || tag == "CALL";
}

}  // namespace

void StatementWatch::attach(Connection& connection, StatementObserver& observer,
                            NoticeBoard& notices) {
  connection_ = &connection;
  observer_ = &observer;
  notices_ = &notices;
  if (PQregisterEventProc(connection.raw(), &on_event, "drydock", this) == 0)
    throw std::bad_alloc();
}

void StatementWatch::transaction_began() {
  rollback_seen_ = needs_no_transaction_ = lock_timed_out_ = begin_seen_ = false;
  setting_cut_off_ = message_cut_ = false;
  setting_changes_.clear();
  unreadable_.clear();
}

void StatementWatch::clear() {
  committed_ = false;
  rollback_seen_ = false;
  cursor_declared_ = false;
  statement_prepared_ = false;
  schema_changed_ = constraints_changed_ = false;
  session_locked_ = false;
  escape_.clear();
}

int StatementWatch::on_event(PGEventId event, void* info, void* self) {
  auto& watch = *static_cast<StatementWatch*>(self);
  if (event == PGEVT_RESULTCREATE) {
    auto* created = static_cast<PGEventResultCreate*>(info);
    if (!watch.connection_->in_exec_raw()) {
      watch.see(created->result);
    }
    watch.notices_->see_tag(PQcmdStatus(created->result), watch.connection_->in_exec_raw());
  }
  return 1;
}

// The tag ROLLBACK alone says nothing: ROLLBACK TO has it too. A failed COMMIT has it as well, and
// one that the commit guard stops has none; both show in the connection's state afterwards.
void StatementWatch::see(const PGresult* result) {
  // PQcmdStatus only reads; it lacks the const for historical reasons.
  const std::string_view seen = PQcmdStatus(const_cast<PGresult*>(result));
  if (seen.empty()) {
    see_failure(result);
    return;
  }
  if (seen == "ROLLBACK") {
    rollback_seen_ = true;
    read_text();
  }
  const bool selects = starts_with(seen, "SELECT");
  const bool sets = seen == "SET" || (selects && has_column(result, {"set_config"}));
  if (seen == "NOTIFY" || sets || notices_->wants_name(seen)) read_text();
  if (sets) see_setting();
  if (selects && has_column(result, {"pg_advisory_lock", "pg_advisory_lock_shared",
                                     "pg_try_advisory_lock", "pg_try_advisory_lock_shared"})) {
    session_locked_ = true;
  }
  // CLOSE ALL closes the commit guard as well.
  if (seen == "PREPARE") statement_prepared_ = true;
  if (seen == "DECLARE CURSOR" || seen == "CLOSE CURSOR ALL") cursor_declared_ = true;
  if (changes_schema(seen) || (selects && calls_for_effect(result))) {
    schema_changed_ = constraints_changed_ = true;
  }
  if (seen == "COMMIT") committed_ = true;
  const bool ends = seen == "COMMIT" || seen == "PREPARE TRANSACTION" || seen == "COMMIT PREPARED";
  if (seen == "BEGIN" || seen == "START TRANSACTION") begin_seen_ = true;
  if (escape_.empty() && ends) escape_ = seen;
}

// A COMMIT fails by the guard, but a deferred trigger comes before that and may raise any error.
void StatementWatch::see_failure(const PGresult* result) {
  const char* const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (sqlstate == nullptr) return;
  const char* const function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
  const std::string_view raised_in = function == nullptr ? "" : function;
  if (raised_in == kRefusal) needs_no_transaction_ = true;
  if (raised_in == kInterrupt && std::string_view(sqlstate) == kLockNotAvailable) {
    lock_timed_out_ = true;
  }
  if (std::string_view(sqlstate) != kFailedTransaction) read_text();
  notices_->message_failed();
}

void StatementWatch::see_setting() {
  if (settings_to_come_ > 0) {
    --settings_to_come_;
  } else if (cut_) {
    setting_cut_off_ = true;
  }
}

// When the outer transaction has ended, so has the guard, and what comes after it in the same body
// could be committed: the session ends before that.
void StatementWatch::read_text() noexcept {
  try {
    const ObservedMessage message = observer_->last_message();
    if (message.began == last_read_) return;
    last_read_ = message.began;
    cut_ = message.cut;
    message_cut_ = message_cut_ || cut_;
    for (SettingChange& change : internal::setting_changes(message.sql, cut_)) {
      setting_changes_.push_back(std::move(change));
    }
    settings_to_come_ = count_setting_statements(message.sql);
    const std::string_view whole = cut_ ? without_cut_statement(message.sql) : message.sql;
    notices_->add(notify_statements(whole), savepoint_steps(whole), message.began);
    if (!ends_transaction(whole)) return;
    if (escape_.empty()) escape_ = message.sql;
    observer_->terminate();
  } catch (const std::exception& error) {
    unreadable_ = error.what();
  }
}

}  // namespace drydock::internal
