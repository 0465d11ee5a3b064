// Makes a thread's transaction visible to those who list unfinished jobs: which transact the thread
// is in, and which SQL statement.
#ifndef DRYDOCK_SRC_TRANSACT_SCOPE_H_
#define DRYDOCK_SRC_TRANSACT_SCOPE_H_

#include <memory>

#include "drydock/source_location.h"
#include "src/connection.h"
#include "src/thread_card.h"

namespace drydock::internal {

class TransactActivity;

// The calling thread uses `connection` in the transact at `where` for as long as this lives.
// Whoever lists jobs then asks the server, on a connection of its own, what that connection is at:
// libpqxx does not tell before a statement has ended.
class TransactScope {
 public:
  // `begun`: whether the transaction has; else `note_begun` is called when it does, with the
  // connection that it is on by then, and until then what the server has seen last is of an earlier
  // one.
  TransactScope(Connection& connection, SourceLocation where, bool begun);
  void note_begun(const Connection& connection);

 private:
  const std::shared_ptr<TransactActivity> activity_;
  const ActivityScope scope_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TRANSACT_SCOPE_H_
