// Who may use a sandbox's connection now: one thread at a time, in the order in which they came.
#ifndef DRYDOCK_SRC_LEASE_H_
#define DRYDOCK_SRC_LEASE_H_

#include <chrono>
#include <list>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "drydock/source_location.h"
#include "src/mutex.h"

namespace drydock::internal {

class LeaseDesk;

// Held for the time of an outermost transaction.
class Lease {
 public:
  // Waits for its turn. Throws `LeaseTimeoutError`, naming the holder and all waiters, when
  // `timeout` has passed, and `SandboxBlockedError` at once where the holder waits for the calling
  // thread.
  Lease(LeaseDesk& desk, SourceLocation where, absl::Duration timeout);
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

 private:
  LeaseDesk& desk_;
};

class LeaseDesk {
 public:
  // "job 'x' (#3, submitted at a.cc:4), in the transact at b.cc:7, for 5s", or "" where it is free.
  std::string describe_holder();
  // The holder and those who wait.
  int line_length();

 private:
  friend class Lease;
  struct Party {
    std::string who;
    SourceLocation where;
    std::thread::id thread;
    std::chrono::steady_clock::time_point since;
    bool served = false;
    CondVar turn;
  };

  class HandOver;
  using Parties = std::list<Party>;

  void acquire(SourceLocation where, absl::Duration timeout);
  void wait_in_line(Parties::iterator own, absl::Duration timeout);
  void release();
  Parties::iterator join_line(SourceLocation where) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static std::string describe(const Party& party);
  static std::string blocked_message(const Party& waiter, const std::string& ring);
  std::string timeout_message(const Party& waiter, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  // The holder first, then the waiters in the order in which they came.
  Parties line_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LEASE_H_
