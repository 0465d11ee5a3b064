// A GoogleMock `Database`: to make a transaction fail where a real server rarely does.
//
//   NiceMock<drydock::MockDatabase> database(SandboxTest::database());    // delegates to it
//   EXPECT_CALL(database, do_transact)
//       .WillOnce(drydock::lose_connection())                             // the first transact
//       .WillRepeatedly(drydock::transact_for_real(database));            // those after it
//
// What can be injected:
//
//   lose_connection()                 before the body: the server is away
//   fail_commit(database, exception)  after the body: it is rolled back, and `exception` comes out
//   lose_commit_answer(database)      after the COMMIT: it happened, but the caller cannot know
//   transact_for_real(database)       nothing: as the default, for the calls between others
//
// SQL itself is never mocked: the body gets a real `Transaction` of the real database. Constructed
// without a real database, a transact that no action answers throws `MisuseError`. GoogleMock's own
// rules hold: `EXPECT_CALL` without an action keeps the default, `StrictMock` fails on calls that
// are not expected, `NiceMock` is silent about them. More in docs/mocks.md.
#ifndef DRYDOCK_MOCK_DATABASE_H_
#define DRYDOCK_MOCK_DATABASE_H_

#include <gmock/gmock.h>

#include <memory>
#include <ostream>
#include <pqxx/pqxx>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "drydock/database.h"
#include "drydock/misuse_error.h"
#include "drydock/notification.h"
#include "drydock/source_location.h"
#include "drydock/transaction.h"
#include "drydock/transaction_options.h"

namespace drydock {
namespace internal {

// Holds the mock methods, so that `MockDatabase` can look at what its actions did.
class DatabaseCalls : public Database {
 public:
  MOCK_METHOD(void, do_transact,
              (const TransactionOptions& options, SourceLocation where,
               absl::FunctionRef<void(Transaction&)> body),
              (override));
  MOCK_METHOD(std::unique_ptr<Subscription>, do_listen,
              (std::string channel, Executor& executor, NotificationHandler handler,
               SourceLocation where),
              (override));

 protected:
  DatabaseCalls() = default;
};

}  // namespace internal

// As thread-safe as GoogleMock is: any thread may transact, but set expectations before.
class MockDatabase : public internal::DatabaseCalls {
 public:
  using Body = absl::FunctionRef<void(Transaction&)>;

  MockDatabase() { delegate(); }
  // `real` outlives this.
  explicit MockDatabase(Database& real) : real_(&real) { delegate(); }

  // Throws `MisuseError` where an action returns without having run the body: the caller of
  // `transact` waits for the body's result.
  void do_transact(const TransactionOptions& options, SourceLocation where, Body body) override {
    bool returned = false;
    DatabaseCalls::do_transact(options, where, [&](Transaction& transaction) {
      body(transaction);
      returned = true;
    });
    if (returned) return;
    throw MisuseError(
        "drydock: an action of MockDatabase returned without running the body of the "
        "transact at " +
        where.to_string() +
        ". Let it run the body with database.run_for_real(options, where, body), or "
        "throw.");
  }

  // For actions of your own: the listen as the real database does it; without one it throws
  // `std::logic_error`.
  std::unique_ptr<Subscription> listen_for_real(std::string channel, Executor& executor,
                                                NotificationHandler handler, SourceLocation where) {
    if (real_ == nullptr) {
      // NOLINTNEXTLINE(bugprone-parent-virtual-call): the one between is the mock itself.
      return Database::do_listen(std::move(channel), executor, std::move(handler), where);
    }
    return forward_listen(*real_, std::move(channel), executor, std::move(handler), where);
  }

  // For actions of your own: the transact as the real database does it.
  void run_for_real(const TransactionOptions& options, SourceLocation where, Body body) {
    if (real_ != nullptr) return forward(*real_, options, where, body);
    throw MisuseError(
        "drydock: this MockDatabase has no database behind it, so that it cannot run "
        "the transact at " +
        where.to_string() +
        ". Construct it with one, MockDatabase mock(sandbox.database()), or give the "
        "call an action that throws.");
  }

 private:
  void delegate() {
    ON_CALL(*this, do_transact)
        .WillByDefault([this](const TransactionOptions& options, SourceLocation where, Body body) {
          run_for_real(options, where, body);
        });
    ON_CALL(*this, do_listen)
        .WillByDefault([this](std::string channel, Executor& executor, NotificationHandler handler,
                              SourceLocation where) {
          return listen_for_real(std::move(channel), executor, std::move(handler), where);
        });
  }

  Database* real_ = nullptr;
};

// Actions for `EXPECT_CALL(database, do_transact)`. `database` is the mock itself.

// The transact as the real database does it.
inline auto transact_for_real(MockDatabase& database) {
  return [&database](const TransactionOptions& options, SourceLocation where,
                     MockDatabase::Body body) { database.run_for_real(options, where, body); };
}

// `pqxx::broken_connection` before the body.
inline auto lose_connection() {
  return [](const TransactionOptions&, SourceLocation where, MockDatabase::Body) {
    throw pqxx::broken_connection("MockDatabase: no connection for the transact at " +
                                  where.to_string());
  };
}

// The body runs, then the transaction fails with `error` and is rolled back, as by a failing
// COMMIT.
template <class Error>
auto fail_commit(MockDatabase& database, Error error) {
  return [&database, error = std::move(error)](const TransactionOptions& options,
                                               SourceLocation where, MockDatabase::Body body) {
    database.run_for_real(options, where, [&](Transaction& transaction) {
      body(transaction);
      throw Error(error);
    });
  };
}

// The transaction commits, and its submits and hooks go, but the caller gets
// `pqxx::in_doubt_error`.
inline auto lose_commit_answer(MockDatabase& database) {
  return [&database](const TransactionOptions& options, SourceLocation where,
                     MockDatabase::Body body) {
    database.run_for_real(options, where, body);
    throw pqxx::in_doubt_error(
        "MockDatabase: the connection was lost during the COMMIT of the "
        "transact at " +
        where.to_string());
  };
}

// Options as GoogleMock's messages print them.
inline void PrintTo(const TransactionOptions& options, std::ostream* out) {
  switch (options.isolation) {
    case Isolation::kReadCommitted:
      *out << "read committed";
      break;
    case Isolation::kRepeatableRead:
      *out << "repeatable read";
      break;
    case Isolation::kSerializable:
      *out << "serializable";
      break;
  }
  if (options.read_only) *out << ", read only";
  *out << ", at most " << options.max_attempts << (options.max_attempts == 1 ? " try" : " tries");
}

}  // namespace drydock

#endif  // DRYDOCK_MOCK_DATABASE_H_
