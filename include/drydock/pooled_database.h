// The `Database` of production: a bounded pool of connections to PostgreSQL.
//
//   drydock::PooledDatabase database("postgresql://web@localhost/app", {.max_connections = 20});
//   SignupService signup(database, executor);
//
// In a test, `Sandbox::database()` stands in its place: same interface, same nesting, but nothing
// that is written outlives the test.
//
// Connections are opened when they are needed, kept, and used again, the last returned first. One
// that is lost is replaced: found lost at its BEGIN, that BEGIN is repeated once on a new
// connection; lost later, the body gets libpqxx's `pqxx::broken_connection` and the next transact a
// new connection. What a body leaves in its session (SET, temporary tables, session locks, prepared
// statements) stays there for whoever uses the connection next: prefer SET LOCAL and
// pg_advisory_xact_lock.
#ifndef DRYDOCK_POOLED_DATABASE_H_
#define DRYDOCK_POOLED_DATABASE_H_

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "absl/time/time.h"
#include "drydock/database.h"
#include "drydock/hook_failure.h"

namespace drydock {
namespace internal {
class ConnectionPool;
class Notifications;
}  // namespace internal

struct PoolOptions {
  // How many transactions may be open at a time; at least 1.
  int max_connections = 10;
  // How long a transact waits for a connection where all are in use.
  absl::Duration acquire_timeout = absl::Seconds(5);
  // How long opening a connection may take, for each address of the server; in whole seconds, at
  // least 2.
  absl::Duration connect_timeout = absl::Seconds(5);
  // Gets what goes wrong after a commit, on the thread of the transact. Null: one line to stderr.
  std::function<void(const HookFailure&)> on_hook_failure = nullptr;
};

// All connections are in use and none came free within `acquire_timeout`; or, at once, none can,
// since those who hold them wait for the calling thread, and none of them gives up before it would.
// Names the transacts that hold them.
class PoolTimeoutError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A snapshot, for metrics and tests.
struct PoolUsage {
  int idle = 0;     // open connections that nobody uses
  int in_use = 0;   // transactions open, or about to be
  int waiting = 0;  // threads that wait for a connection
};

// `transact` throws, beside what every `Database` throws:
// - `PoolTimeoutError`: no connection came free in time;
// - `pqxx::broken_connection`: no connection could be opened (the text says why and what to do), or
// it
//   was lost within the transaction;
// - `pqxx::in_doubt_error`: the connection was lost during COMMIT, which may have happened or not;
// - `TransactionAbortedError`, `TransactionMisuseError`: see drydock/transaction_errors.h.
// In each of these cases the hooks and submits of the transaction are dropped.
//
// Hooks run when the connection is back in the pool, so that they may transact.
class PooledDatabase final : public Database {
 public:
  // Opens no connection yet: a server that is away shows at the first transact.
  // Throws `std::invalid_argument` for `max_connections` below 1.
  explicit PooledDatabase(std::string connection_string, PoolOptions options = PoolOptions());
  // No transact may be running.
  ~PooledDatabase() override;

  PoolUsage usage() const;

 protected:
  void do_transact(const TransactionOptions& options, SourceLocation where,
                   absl::FunctionRef<void(Transaction&)> body) override;
  // Listens on one connection more, with a thread of its own.
  std::unique_ptr<Subscription> do_listen(std::string channel, Executor& executor,
                                          NotificationHandler handler,
                                          SourceLocation where) override;

 private:
  void transact_outermost(const TransactionOptions& options, SourceLocation where,
                          absl::FunctionRef<void(Transaction&)> body);

  std::function<void(const HookFailure&)> on_hook_failure_;
  std::unique_ptr<internal::ConnectionPool> pool_;
  std::unique_ptr<internal::Notifications> notifications_;
};

}  // namespace drydock

#endif  // DRYDOCK_POOLED_DATABASE_H_
