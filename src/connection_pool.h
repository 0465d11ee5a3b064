// Who may use which connection: the bounded pool behind `PooledDatabase`.
//
// A slot is the right to use one connection. There are `max_connections` of them, given in the
// order of the requests; whoever holds one takes an idle connection or opens a new one, so that
// there are never more connections than slots. Connecting happens outside of the lock.
#ifndef DRYDOCK_SRC_CONNECTION_POOL_H_
#define DRYDOCK_SRC_CONNECTION_POOL_H_

#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "drydock/pooled_database.h"
#include "drydock/source_location.h"
#include "src/connection.h"
#include "src/deadline.h"
#include "src/mutex.h"

namespace drydock::internal {

// Thread-safe. Outlives its leases.
class ConnectionPool {
 public:
  class Lease;

  ConnectionPool(std::string connection_string, const PoolOptions& options);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // Waits for a slot. Throws `PoolTimeoutError`, at once where those who hold the slots wait for
  // the calling thread, and what `Connection::open` throws.
  Lease acquire(SourceLocation where);

  PoolUsage usage() const;

 private:
  // A transact that has a slot, which it gives back on its own thread.
  struct Holder {
    SourceLocation where;
    SteadyTime since;
    std::thread::id thread;
  };
  using HolderId = std::list<Holder>::iterator;

  // A thread in `take_slot`; lives on its stack.
  struct Waiter {
    SourceLocation where;
    std::thread::id thread;
    CondVar woken;
    bool has_slot = false;
    HolderId holder;
  };

  class SlotWait;

  HolderId take_slot(SourceLocation where);
  // Returns when it has been given one, the deadline has passed or, at once, where it would wait in
  // vain: then with the waits that make it so.
  std::string wait_for_slot(Waiter& self, SteadyTime deadline);
  void return_slot(HolderId holder, std::unique_ptr<Connection> connection);
  // The last idle connection that is not known to be lost; null where there is none.
  std::unique_ptr<Connection> take_idle();
  std::unique_ptr<Connection> open_connection() const;
  bool slot_is_free() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string describe_timeout(SourceLocation where) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string describe_blocked(SourceLocation where, const std::string& ring) const;

  const std::string connection_string_;
  const int max_connections_;
  const absl::Duration acquire_timeout_;
  const absl::Duration connect_timeout_;

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
  std::list<Holder> holders_ ABSL_GUARDED_BY(mutex_);
  std::list<Waiter*> waiters_ ABSL_GUARDED_BY(mutex_);
};

// A connection, until the lease is destroyed. It goes back to the pool if it is healthy and outside
// of a transaction, and is closed otherwise. For one thread.
class ConnectionPool::Lease {
 public:
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  Connection& connection() { return *connection_; }
  // Whether it was opened for this lease.
  bool fresh() const { return fresh_; }
  // Closes the connection and opens another in its place; throws what `Connection::open` throws.
  void replace();

 private:
  friend class ConnectionPool;
  Lease(ConnectionPool& pool, HolderId holder);

  ConnectionPool& pool_;
  HolderId holder_;
  std::unique_ptr<Connection> connection_;
  bool fresh_ = false;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CONNECTION_POOL_H_
