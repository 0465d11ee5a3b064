#include "src/transaction_sandbox.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "drydock/current_job.h"
#include "drydock/misuse_error.h"
#include "drydock/sandbox_errors.h"
#include "drydock/transaction.h"
#include "src/deferred_begin.h"
#include "src/job_text.h"
#include "src/nested_transaction.h"
#include "src/savepoint_transaction.h"
#include "src/sequence_restart.h"

namespace drydock::internal {
namespace {

// `committed`: whether a COMMIT has succeeded after all.
std::string escape_text(const std::string& who, const std::string& how, bool committed) {
  return who + ", ended the outer transaction of the sandbox by SQL: " + how + ".\n  " +
         (committed ? "What it has committed stays in the database of this process until that "
                      "ends, so that the tests that follow may see it."
                    : "What the test had written is rolled back; nothing was committed.") +
         " The sandbox takes no more work.\n  Application code ends its transaction by returning "
         "from the body of "
         "transact() or by throwing out of it. Code that sends COMMIT or ROLLBACK itself needs a "
         "database of its own: SandboxOptions{.strategy = drydock::Strategy::kClone}.";
}

constexpr char kLockNotAvailable[] = "55P03";

std::string no_transaction_advice(SourceLocation where) {
  return "a statement in the transact at " + where.to_string() +
         " cannot run inside a transaction block, and under Strategy::kTransaction every test "
         "stands in one. This test needs a database of its own, "
         "SandboxOptions{.strategy = drydock::Strategy::kClone}, and runs the statement outside "
         "of transact(), on a connection to sandbox.connection_string().";
}

}  // namespace

TransactionSandbox::TransactionSandbox(std::shared_ptr<SandboxConnectionPool> connections,
                                       std::shared_ptr<ClonePool> clones,
                                       std::shared_ptr<Engine> engine, SandboxOptions options,
                                       std::string token)
    : SandboxState(std::move(engine), std::move(options), std::move(token)),
      connections_(std::move(connections)),
      clones_(std::move(clones)) {}

TransactionSandbox::~TransactionSandbox() = default;

std::string TransactionSandbox::connection_string() {
  throw MisuseError(
      "drydock: connection_string() of a sandbox with Strategy::kTransaction: its transaction "
      "cannot be seen from a second connection. Give the code under test sandbox.database(), a "
      "drydock::Database&; or give the test a database of its own: "
      "SandboxOptions{.strategy = drydock::Strategy::kClone}.");
}

void TransactionSandbox::refuse_if_lost() {
  const MutexLock lock(mutex_);
  if (!escaped_.empty()) throw SandboxEscapedError("drydock: " + escaped_);
  if (!lost_.empty()) throw pqxx::broken_connection(lost_);
}

std::string TransactionSandbox::prologue() {
  if (!options().restart_sequences) return "";
  return connections_->sequence_restart([this] {
    const absl::StatusOr<Clone> clone = clones_->take();
    if (!clone.ok()) throw pqxx::broken_connection(std::string(clone.status().message()));
    const absl::Cleanup give_back = [&] { clones_->give_back(*clone); };
    return sequence_restart_sql(clone->connection_string);
  });
}

void TransactionSandbox::connect() {
  std::string first = prologue();
  connection_ = connections_->take_idle();
  reused_ = connection_ != nullptr;
  if (!reused_) connection_ = connections_->open();
  prepare(*connection_, std::move(first));
  const std::string& name = options().name;
  place_.emplace(connections_->open_sandboxes(),
                 name.empty() ? "the sandbox " + token() : "the sandbox of " + test_name());
}

void TransactionSandbox::prepare(SandboxConnection& connection, std::string first) {
  connection.set_prologue(std::move(first));
  connection.set_lock_timeout(options().lock_timeout);
}

// The session of an idle connection may have been killed, by the test before this one for instance.
// Nothing has happened in this sandbox yet, so that another connection serves as well.
void TransactionSandbox::begin(const TransactionOptions& options,
                               absl::FunctionRef<void()> reconnected) {
  if (std::exchange(reused_, false)) {
    try {
      connection_->begin(options);
      return;
    } catch (const pqxx::broken_connection&) {
      std::unique_ptr<SandboxConnection> fresh = connections_->open();
      prepare(*fresh, prologue());
      connection_.swap(fresh);
      reconnected();
    }
  }
  connection_->begin(options);
}

void TransactionSandbox::note_isolation(SourceLocation where) {
  add_note(
      "the transact at " + where.to_string() +
      " asks for an isolation level. Under Strategy::kTransaction it runs read committed, with "
      "nobody beside it, so that it meets no serialization failure but those of "
      "fail_next_commit(). To see what other transactions do to it: "
      "SandboxOptions{.strategy = drydock::Strategy::kClone}.");
}

std::string TransactionSandbox::lock_advice(SourceLocation where) {
  const bool restarts = connection_->lock_wait() == SandboxConnection::LockWait::kOfPrologue;
  const std::string others = place_->describe_others();
  return "the transact at " + where.to_string() + ", by " + describe_current_job() +
         ", waited for a lock" +
         (restarts ? " of a sequence that SandboxOptions::restart_sequences restarts" : "") +
         ", and another transaction still held it when lock_timeout ended the wait "
         "(SandboxOptions::lock_timeout, " +
         describe_duration(options().lock_timeout) +
         ", where the code sets no other)."
         "\n  A sandbox holds until its end what its transacts have locked: rows and keys that "
         "they wrote, tables that they changed, sequences that they drew from or that were "
         "restarted, advisory locks." +
         (others.empty() ? "\n  No other sandbox is open on this database: a connection that the "
                           "test or its code has made holds the lock."
                         : others) +
         "\n  End the other one first, and have one sandbox at a time on a thread; or give this "
         "test a database of its own: SandboxOptions{.strategy = drydock::Strategy::kClone}. A "
         "wait that has an end may be given more time with SandboxOptions::lock_timeout.";
}

void TransactionSandbox::attempt(CommitEffects& effects, const TransactionOptions& options,
                                 SourceLocation where, Body body) {
  try {
    run_with_lease(effects, options, where, body);
  } catch (...) {
    deliver();  // a commit in doubt has happened
    throw;
  }
  deliver();
}

// One thread at a time, so that they come in the order of the commits; another's are left to it. A
// handler that commits, too, leaves its own to the call that it runs in.
void TransactionSandbox::deliver() {
  {
    const MutexLock lock(mutex_);
    if (delivering_ || undelivered_.empty()) return;
    delivering_ = true;
  }
  while (const std::optional<Notification> notification = next_notification()) {
    subscriptions_->deliver(*notification, [this](const std::string& job, SourceLocation listen,
                                                  const std::exception_ptr& error) {
      add_refused(job, listen, error);
    });
  }
}

std::optional<Notification> TransactionSandbox::next_notification() {
  const MutexLock lock(mutex_);
  if (undelivered_.empty()) {
    delivering_ = false;
    return std::nullopt;
  }
  Notification next = std::move(undelivered_.front());
  undelivered_.pop_front();
  return next;
}

void TransactionSandbox::run_with_lease(CommitEffects& effects, const TransactionOptions& options,
                                        SourceLocation where, Body body) {
  refuse_if_lost();
  const Lease lease(lease_desk_, where, this->options().lease_timeout);
  refuse_if_closed(where);
  refuse_if_lost();
  if (connection_ == nullptr) connect();
  place_->note_transact(where);
  TransactScope scope(connection_->connection(), where, /*begun=*/false);
  if (options.isolation != Isolation::kReadCommitted) note_isolation(where);
  run_noted(effects, where, body, [&](Body noted) {
    run_once(scope, effects, options, where, noted);
    keep(connection_->take_notifications());
  });
}

void TransactionSandbox::keep(std::vector<Notification> notifications) {
  const MutexLock lock(mutex_);
  std::move(notifications.begin(), notifications.end(), std::back_inserter(undelivered_));
}

TableContents TransactionSandbox::read_tables() {
  const SourceLocation here = SourceLocation::current();
  refuse_if_lost();
  const Lease lease(lease_desk_, here, options().lease_timeout);
  refuse_if_closed(here);
  refuse_if_lost();
  if (connection_ == nullptr) connect();
  place_->note_transact(here);
  begin({}, [] {});
  try {
    return TableContents::read(connection_->connection());
  } catch (...) {
    connection_->roll_back();
    throw;
  }
}

std::unique_ptr<Subscription> TransactionSandbox::do_listen(std::string channel, Executor& executor,
                                                            NotificationHandler handler,
                                                            SourceLocation where) {
  refuse_if_closed(where);
  return subscriptions_->add(std::move(channel), executor, std::move(handler), where);
}

void TransactionSandbox::run_once(TransactScope& scope, CommitEffects& effects,
                                  const TransactionOptions& options, SourceLocation where,
                                  Body body) {
  std::optional<SavepointTransaction> sql;
  CurrentTransaction* current = nullptr;
  const auto move = [&] {
    // The body has not seen it yet: that would have begun.
    sql.emplace(connection_->connection(), where);
    current->move_to(connection_->connection());
  };
  const auto send_begin = [&] {
    begin(options, move);
    scope.note_begun(connection_->connection());
  };
  DeferredBegin deferred(send_begin);
  connection_->expect_transaction();
  try {
    sql.emplace(connection_->connection(), where);
    // Before the rollback.
    const absl::Cleanup end = [&] { sql.reset(); };
    CurrentTransaction open(this, connection_->connection(), *sql, effects, options, where,
                            &deferred);
    current = &open;
    Transaction transaction(*sql, effects, &deferred);
    body(transaction);
    if (deferred.begun()) check_before_commit(connection_->connection(), where);
    sql->end();
    connection_->commit();
  } catch (...) {
    effects.drop_from(0);
    connection_->roll_back();
    throw;
  }
}

// The sandbox takes no more work then: nothing that the test has written is there any more.
void TransactionSandbox::inspect(SourceLocation where) {
  const std::string job = describe_current_job();
  const MutexLock lock(mutex_);
  const std::string how = connection_->escape();
  if (how.empty() && !connection_->connection().healthy()) {
    lost_ =
        "drydock: the sandbox of " + test_name() +
        " has lost its connection to the server in the transact at " + where.to_string() + ", by " +
        job +
        ". What the test had written is gone with it, and it cannot go on; the next test gets a "
        "new connection.";
    return;
  }
  if (connection_->begin_seen()) {
    add_note("the transact at " + where.to_string() + ", by " + job +
             ", sent BEGIN, which PostgreSQL ignores with a warning, here and in production: the "
             "body of transact() is in a transaction already. Remove it, or call transact() inside "
             "the body, which nests.");
  }
  if (connection_->needs_no_transaction()) add_note(no_transaction_advice(where));
  if (connection_->lock_wait() != SandboxConnection::LockWait::kNone) add_note(lock_advice(where));
  if (const std::string left = connection_->settings_left(); !left.empty()) {
    add_note("the transact at " + where.to_string() +
             " changed a setting of its session with SET LOCAL or set_config(), and the sandbox "
             "could not " +
             left);
  }
  if (const std::string unread = connection_->notify_left(); !unread.empty()) {
    add_note("the transact at " + where.to_string() +
             " sent a NOTIFY that nobody in this test hears: the sandbox could not see what it "
             "notifies, since " +
             unread +
             ". Call pg_notify(), which is heard however long the message is, or send NOTIFY in a "
             "message of its own.");
  }
  if (how.empty()) return;
  escaped_ = escape_text("the transact at " + where.to_string() + ", by " + job, how,
                         connection_->committed());
  add_finding(Finding::kEscaped, escaped_, where);
  throw SandboxEscapedError("drydock: " + escaped_);
}

void TransactionSandbox::explain_failure(SourceLocation where) {
  SandboxState::explain_failure(where);
  const std::string lost = [this] {
    const MutexLock lock(mutex_);
    return lost_;
  }();
  try {
    throw;
  } catch (const pqxx::broken_connection& error) {
    if (!lost.empty()) throw pqxx::broken_connection(std::string(error.what()) + "\n" + lost);
  } catch (const pqxx::sql_error& error) {
    const bool waited = error.sqlstate() == kLockNotAvailable &&
                        connection_->lock_wait() != SandboxConnection::LockWait::kNone;
    if (!waited && !connection_->needs_no_transaction()) return;
    throw pqxx::sql_error(std::string(error.what()) + "\ndrydock: " +
                              (waited ? lock_advice(where) : no_transaction_advice(where)),
                          error.query(), error.sqlstate().c_str());
  } catch (...) {
  }
}

void TransactionSandbox::do_close(std::vector<std::string>& breaches) {
  try {
    const Lease lease(lease_desk_, SourceLocation::current(), options().lease_timeout);
    if (connection_ == nullptr) return;
    const absl::Cleanup leave = [this] { place_.reset(); };
    const bool lost = !connection_->connection().healthy();
    if (connection_->reset()) {
      connections_->give_back(std::move(connection_));
      return;
    }
    const std::string how = connection_->escape();
    const bool committed = connection_->committed();
    connection_.reset();
    const MutexLock lock(mutex_);
    if (!escaped_.empty()) return;
    if (!how.empty()) {
      escaped_ = escape_text("code in " + test_name() + ", outside any transact", how, committed);
      add_finding(Finding::kEscaped, escaped_, SourceLocation::current());
      return;
    }
    if (!lost) return;
    breaches.push_back(lost_.empty() ? "the connection to the server was lost" : lost_);
  } catch (const std::exception&) {
    // The connection goes with this object, when the thread that uses it has let go.
    breaches.push_back(
        "a transaction was still open when the test ended: " + lease_desk_.describe_holder() +
        ". Wait for the thread before the test ends.");
  }
}

}  // namespace drydock::internal
