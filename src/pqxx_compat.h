// The differences between libpqxx 6.4 (Debian 12) and 7.x (Debian 13): the only file that asks
// which of the two it is compiled with. The patch level is not asked for: 6.4.5 says that it
// is 6.4.4.
//
// - `PqxxConnection`: what `pqxx::dbtransaction` takes as its connection.
// - `AdoptedConnection`: libpqxx on a `PGconn` that we opened. It never connects again by itself.
// - `TransactionShell`: a registered `pqxx::dbtransaction` that sends no SQL of its own.
// - `throw_rollback`: makes the exceptions whose constructors differ.
#ifndef DRYDOCK_SRC_PQXX_COMPAT_H_
#define DRYDOCK_SRC_PQXX_COMPAT_H_

#include <libpq-fe.h>

#include <exception>
#include <pqxx/pqxx>
#include <string>
#include <utility>

namespace drydock::internal {

#if PQXX_VERSION_MAJOR >= 7

using PqxxConnection = pqxx::connection;

class AdoptedConnection {
 public:
  // Takes `raw` over and finishes it.
  explicit AdoptedConnection(PGconn* raw)
      : connection_(pqxx::connection::seize_raw_connection(raw)) {}

  PqxxConnection& pqxx() { return connection_; }

 private:
  pqxx::connection connection_;
};

// 6.4 wants the name of a transaction from the most derived class; 7.x has no such base.
class TransactionName {
 public:
  explicit TransactionName(const char*) {}
};

class TransactionShell : public virtual TransactionName, public pqxx::dbtransaction {
 protected:
  explicit TransactionShell(PqxxConnection& connection)
      : TransactionName(""), pqxx::dbtransaction(connection) {
    register_transaction();
  }

  // What the destructor of the derived class calls.
  void end_shell() noexcept { close(); }
};

template <class Error>
[[noreturn]] void throw_rollback(const std::string& message, const std::string& sql,
                                 const char* sqlstate) {
  throw Error(message, sql, sqlstate);
}

#else  // libpqxx 6.4

using PqxxConnection = pqxx::connection_base;

// Hands its `PGconn` over once. 6.4 would connect again in the middle of a transaction, and what
// follows would be committed for real; here a lost connection stays lost.
class HandOverPolicy : public pqxx::connectionpolicy {
 public:
  explicit HandOverPolicy(PGconn* raw) : pqxx::connectionpolicy(std::string()), raw_(raw) {}

  handle do_startconnect(handle current) override {
    if (current == nullptr) current = std::exchange(raw_, nullptr);
    if (current == nullptr || PQstatus(current) != CONNECTION_OK) {
      throw pqxx::broken_connection("the connection to the database is lost");
    }
    return current;
  }
  // Called before a `PQreset`, too: leaves nothing to reset.
  handle do_dropconnect(handle current) noexcept override {
    if (current != nullptr) PQfinish(current);
    return nullptr;
  }

 private:
  PGconn* raw_;
};

struct HandOverPolicyHolder {
  HandOverPolicy policy;
};

class AdoptedConnection final : private HandOverPolicyHolder, private pqxx::connection_base {
 public:
  // Takes `raw` over and finishes it.
  explicit AdoptedConnection(PGconn* raw)
      : HandOverPolicyHolder{HandOverPolicy(raw)}, pqxx::connection_base(policy) {
    init();
  }
  AdoptedConnection(const AdoptedConnection&) = delete;
  AdoptedConnection& operator=(const AdoptedConnection&) = delete;
  ~AdoptedConnection() { close(); }

  PqxxConnection& pqxx() { return *this; }
};

using TransactionName = pqxx::internal::namedclass;

class TransactionShell : public pqxx::dbtransaction {
 protected:
  explicit TransactionShell(PqxxConnection& connection)
      : TransactionName("transaction"), pqxx::dbtransaction(connection) {
    Begin();
  }

  // What the destructor of the derived class calls.
  void end_shell() noexcept { End(); }

  void do_begin() override {}
  // 6.4 would abort the object here when the statement fails. Later `exec` would throw a
  // `usage_error`, while `exec_params`, which does not look, would run and stay. Left alone, the
  // server answers both with 25P02, and 6.4 behaves as 7.x does.
  pqxx::result do_exec(const char query[]) override { return direct_exec(query); }
};

template <class Error>
[[noreturn]] void throw_rollback(const std::string& message, const std::string&, const char*) {
  throw Error(message);
}

#endif

// On 6.4 these two are no `sql_error` and have no `sqlstate()`; their types are the same on both.
inline bool is_serialization_failure(const std::exception& error) {  // 40001
  return dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr;
}
inline bool is_deadlock(const std::exception& error) {  // 40P01
  return dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr;
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_PQXX_COMPAT_H_
