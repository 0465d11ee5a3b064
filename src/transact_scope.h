// Makes a thread's transaction visible to those who list unfinished jobs: which transact the thread
// is in, and which SQL statement.
#ifndef DRYDOCK_SRC_TRANSACT_SCOPE_H_
#define DRYDOCK_SRC_TRANSACT_SCOPE_H_

#include "drydock/source_location.h"
#include "src/connection.h"
#include "src/thread_card.h"

namespace drydock::internal {

// The calling thread uses `connection` in the transact at `where` for as long as this lives.
// Whoever lists jobs then asks the server, on a connection of its own, what that connection is at:
// libpqxx does not tell before a statement has ended.
class TransactScope {
 public:
  TransactScope(Connection& connection, SourceLocation where);

 private:
  const ActivityScope scope_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TRANSACT_SCOPE_H_
