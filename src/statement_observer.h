// Reads, through a second connection, which message another session ran last.
//
// Neither libpq nor libpqxx shows the statements that an application sends; the server does, in
// pg_stat_activity. Asked only where a statement's tag says that its text matters.
#ifndef DRYDOCK_SRC_STATEMENT_OBSERVER_H_
#define DRYDOCK_SRC_STATEMENT_OBSERVER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "src/connection.h"

namespace drydock::internal {

struct ObservedMessage {
  // Empty where the server does not tell (track_activities is off).
  std::string sql;
  // When it began, in seconds of the server's clock. Differs between two messages, even if they
  // read the same.
  std::string began;
  // Whether the server may have more of it than it shows.
  bool cut = false;
};

// For one thread at a time. A connection that turns out to be lost is opened again.
class StatementObserver {
 public:
  // Connects at the first call. `backend` is the process of the observed session.
  StatementObserver(std::string connection_string, int backend)
      : connection_string_(std::move(connection_string)), backend_(std::to_string(backend)) {}

  // Both throw what `Connection` throws.
  ObservedMessage last_message();
  // Ends the session and waits until it has ended, for a second at most.
  void terminate();
  // The server's track_activity_query_size, in bytes; known after `last_message`.
  std::size_t shown_size() const { return shown_size_; }

 private:
  // Does `work`, once more on a new connection where the one that is there has been lost: the
  // answer is the same.
  void on_connection(absl::FunctionRef<void(Connection&)> work);
  void open();
  ObservedMessage read(Connection& connection) const;

  const std::string connection_string_;
  const std::string backend_;
  std::unique_ptr<Connection> connection_;
  std::size_t shown_size_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_STATEMENT_OBSERVER_H_
