// The interface through which application code talks to PostgreSQL.
//
// A class that needs the database takes a `Database&` in its constructor and does its work in
// `transact`, with plain libpqxx inside:
//
//   auto id = database.transact([&](drydock::Transaction& tx) {
//     return tx->exec_params1("INSERT INTO users (email) VALUES ($1) RETURNING id", email)[0]
//         .as<int>();
//   });
//
// The body's return is the commit; an exception out of the body is the rollback, and reaches the
// caller. In production the database is a `PooledDatabase`, in a test `Sandbox::database()`.
#ifndef DRYDOCK_DATABASE_H_
#define DRYDOCK_DATABASE_H_

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "drydock/executor.h"
#include "drydock/notification.h"
#include "drydock/source_location.h"
#include "drydock/transaction.h"
#include "drydock/transaction_options.h"

namespace drydock {
namespace internal {

// The result of a `transact` that does not compile: it goes where any value goes, so that the
// message of the static_assert is the only one.
struct NoResult {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor)
};

}  // namespace internal

// Thread-safe: any thread may call `transact` at any time.
class Database {
 public:
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  // Runs `body(Transaction&)` in a transaction and returns what it returns. A `transact` inside
  // another on the same thread and the same database joins it as a savepoint: its rollback undoes
  // only its own part, and what it did becomes durable with the outermost commit.
  //
  // Throws what the body throws, after the rollback; what libpqxx throws where the database fails;
  // and what the implementation throws where it has no connection to give (see there).
  template <class Body>
  auto transact(Body&& body, SourceLocation where = SourceLocation::current()) {
    return transact(TransactionOptions(), std::forward<Body>(body), where);
  }

  // With `max_attempts` above 1 the body may run more than once.
  template <class Body>
  auto transact(TransactionOptions options, Body&& body,
                SourceLocation where = SourceLocation::current()) {
    constexpr bool kTakesTransaction = std::is_invocable_v<Body&, Transaction&>;
    static_assert(kTakesTransaction,
                  "drydock: the body of transact() takes one argument, a drydock::Transaction&: "
                  "database.transact([&](drydock::Transaction& tx) { ... })");
    if constexpr (kTakesTransaction) {
      using Result = std::invoke_result_t<Body&, Transaction&>;
      static_assert(!std::is_reference_v<Result>,
                    "drydock: the body of transact() returns a value, not a reference: what it "
                    "refers to may be gone after the commit");
      if constexpr (std::is_void_v<Result>) {
        do_transact(options, where, [&](Transaction& transaction) { body(transaction); });
      } else if constexpr (!std::is_reference_v<Result>) {
        std::optional<Result> result;
        do_transact(options, where,
                    [&](Transaction& transaction) { result.emplace(body(transaction)); });
        return std::move(*result);
      } else {
        return internal::NoResult();
      }
    } else {
      return internal::NoResult();
    }
  }

  // Submits a job to `executor` for each notification on `channel` that is committed from now on,
  // in the order of the commits; see drydock/notification.h. `executor` outlives the subscription,
  // which ends with the returned object. In a sandbox notifications are delivered by its commits,
  // to its own listeners only; a rollback drops them. Throws `std::invalid_argument` for an empty
  // channel or handler, `pqxx::broken_connection` where there is no connection to listen on.
  [[nodiscard]] std::unique_ptr<Subscription> listen(
      std::string channel, Executor& executor, NotificationHandler handler,
      SourceLocation where = SourceLocation::current()) {
    return do_listen(std::move(channel), executor, std::move(handler), where);
  }

 protected:
  Database() = default;

  // What an implementation or a mock overrides: runs `body` in a transaction, commits when it
  // returns, rolls back and rethrows when it throws. Returns only after a body has returned.
  virtual void do_transact(const TransactionOptions& options, SourceLocation where,
                           absl::FunctionRef<void(Transaction&)> body) = 0;

  // Throws `std::logic_error`, unless overridden.
  virtual std::unique_ptr<Subscription> do_listen(std::string channel, Executor& executor,
                                                  NotificationHandler handler,
                                                  SourceLocation where);

  // For decorators and mocks that delegate.
  static void forward(Database& to, const TransactionOptions& options, SourceLocation where,
                      absl::FunctionRef<void(Transaction&)> body) {
    to.do_transact(options, where, body);
  }
  static std::unique_ptr<Subscription> forward_listen(Database& to, std::string channel,
                                                      Executor& executor,
                                                      NotificationHandler handler,
                                                      SourceLocation where) {
    return to.do_listen(std::move(channel), executor, std::move(handler), where);
  }
};

}  // namespace drydock

#endif  // DRYDOCK_DATABASE_H_
