// One session with PostgreSQL: libpqxx and libpq on the same connection.
//
// The application's statements go through libpqxx (`pqxx()`), drydock's own through libpq
// (`exec_raw`). It is opened here and not by libpqxx, so that a failure can say what is wrong, and
// so that libpqxx 6.4 has nothing to reconnect with: once lost, it stays lost.
#ifndef DRYDOCK_SRC_CONNECTION_H_
#define DRYDOCK_SRC_CONNECTION_H_

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "src/pqxx_compat.h"

namespace drydock::internal {

// For one thread at a time.
class Connection {
 public:
  // Connects. `connection_string` is a URL or a list of `key=value`; what it leaves out comes from
  // the PG* environment variables. `timeout` is rounded up to whole seconds, at least 2 (libpq's
  // grain), for each address that is tried; a `connect_timeout` in the string goes before it.
  //
  // Throws `pqxx::broken_connection` (or its subclass `too_many_connections`), saying what is
  // wrong, at which address, and what to do; never with the password.
  // `advice_where_gone`: what to do where the server or the database is not there, for one who
  // knows better than that the string is to be corrected.
  static std::unique_ptr<Connection> open(const std::string& connection_string,
                                          absl::Duration timeout,
                                          std::string_view advice_where_gone = {});

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  PqxxConnection& pqxx() { return adopted_.pqxx(); }
  // What it was opened with; it may hold a password.
  const std::shared_ptr<const std::string>& connection_string() const { return connection_string_; }
  // The number of the server's process that serves it.
  int backend() const { return backend_; }
  // Null once the connection is known to be lost.
  PGconn* raw() { return adopted_.pqxx().is_open() ? raw_ : nullptr; }
  // Whether it is not known to be lost. Asks nobody: a server that went away meanwhile is noticed
  // at the next statement.
  bool healthy() { return adopted_.pqxx().is_open(); }
  // PQTRANS_UNKNOWN where the connection is lost.
  PGTransactionStatusType transaction_status() { return PQtransactionStatus(raw()); }
  // Takes the end of a COPY off the connection: libpqxx 6.4 leaves it there until the next
  // statement, so that the connection looks busy. False where a COPY is still open.
  bool settle();
  // What the server said of the last statement, if that failed; else "".
  std::string last_server_message();

  // Runs statements of drydock's own, in one message; `sql` may hold several. Throws what libpqxx
  // would throw for the first that fails.
  void exec_raw(const char* sql);
  void exec_raw(const std::string& sql) { exec_raw(sql.c_str()); }
  // Whether a statement of drydock's own is running: for those who watch the application's.
  bool in_exec_raw() const { return in_exec_raw_; }

 private:
  Connection(PGconn* raw, const std::string& connection_string)
      : raw_(raw),
        connection_string_(std::make_shared<const std::string>(connection_string)),
        backend_(PQbackendPID(raw)),
        adopted_(raw) {}

  PGconn* raw_;  // owned by `adopted_`
  const std::shared_ptr<const std::string> connection_string_;
  const int backend_;
  bool in_exec_raw_ = false;
  AdoptedConnection adopted_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CONNECTION_H_
