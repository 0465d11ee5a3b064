// A libpq connection for work that the tests do not see: making databases, loading schemas.
//
// libpq and not libpqxx, since that reconnects silently, and what holds an advisory lock must not.
#ifndef DRYDOCK_SRC_ADMIN_CONNECTION_H_
#define DRYDOCK_SRC_ADMIN_CONNECTION_H_

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace drydock::internal {

struct ResultDeleter {
  void operator()(PGresult* result) const { ::PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

class AdminConnection {
 public:
  // `server` is a connection string of either form, or empty for what the environment says.
  // `database`, where not empty, replaces the one that `server` names. The status has libpq's
  // message alone.
  static absl::StatusOr<AdminConnection> open(const std::string& server,
                                              const std::string& database);

  using Rows = std::vector<std::vector<std::string>>;

  // Runs one statement; the rows are text, NULL is empty. In a failure the message is PostgreSQL's,
  // and `sqlstate` reads its code.
  absl::StatusOr<Rows> query(const std::string& sql,
                             const std::vector<std::string>& parameters = {});
  // The same for a statement that may wait for others: calls `waiting`, once, where there is no
  // answer after `patience`.
  absl::StatusOr<Rows> query_that_waits(const std::string& sql,
                                        const std::vector<std::string>& parameters,
                                        absl::Duration patience, absl::FunctionRef<void()> waiting);
  absl::Status run(const std::string& sql) { return query(sql).status(); }

  // Whether it is not known to be lost. Looks whether the server has said that it ends the session,
  // and asks nothing.
  bool healthy();

  int server_version() const { return ::PQserverVersion(connection_.get()); }
  std::string user() const { return ::PQuser(connection_.get()); }
  // The server's process that serves this session.
  int server_process() const { return ::PQbackendPID(connection_.get()); }

  // How others reach `database` on this server, as this user.
  std::string uri_of(std::string_view database) const;

  PGconn* get() { return connection_.get(); }

  // Forgets the connection without a word to the server: it belongs to the parent of this process.
  void abandon() { static_cast<void>(connection_.release()); }

 private:
  struct Deleter {
    void operator()(PGconn* connection) const { ::PQfinish(connection); }
  };
  explicit AdminConnection(PGconn* connection) : connection_(connection) {}

  std::unique_ptr<PGconn, Deleter> connection_;
};

// The SQLSTATE of a failed statement's status; empty for other failures.
std::string sqlstate(const absl::Status& status);

// "name", with the quotes that it needs.
std::string quoted_name(std::string_view name);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_ADMIN_CONNECTION_H_
