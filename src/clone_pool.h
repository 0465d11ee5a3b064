// Copies of the template database, made ahead by a thread in the background, for the tests that
// want a database of their own.
#ifndef DRYDOCK_SRC_CLONE_POOL_H_
#define DRYDOCK_SRC_CLONE_POOL_H_

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/test_database.h"
#include "src/admin_connection.h"
#include "src/mutex.h"

namespace drydock::internal {

struct Clone {
  std::string name;
  std::string connection_string;
};

// Thread-safe. Owned by the test database, and shared with the sandboxes that are open on it. The
// thread starts with the first sandbox that wants a clone, and its session holds the locks that
// mark the clones as owned: where the process dies, the next one drops them.
class ClonePool {
 public:
  // `server` is the URI of the database from which databases are made; `by_files`: see
  // owned_database.h; `ahead`: how many are kept ready, at least 1.
  ClonePool(std::string server, std::string template_name, bool by_files, int ahead);
  ClonePool(const ClonePool&) = delete;
  ClonePool& operator=(const ClonePool&) = delete;
  ~ClonePool();

  // Begins to make clones, if it has not begun yet.
  void start();

  // A clone that no one has used. Waits for one where none is ready.
  absl::StatusOr<Clone> take();

  // Takes one back to drop it in the background, with the connections that are still open to it.
  void give_back(Clone clone);

  // Drops all that are not in use, and those that come back later at once.
  void end();

  CloneUsage usage() const;

 private:
  void run();
  absl::Status open();
  // One step of the thread. False: it ends.
  bool step();
  void make_one();
  void drop(const Clone& clone);

  const std::string server_;
  const std::string template_name_;
  const bool by_files_;
  const std::size_t ahead_;

  // For the thread, and after it has ended for `end`.
  std::unique_ptr<AdminConnection> admin_;
  std::string process_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::deque<Clone> ready_ ABSL_GUARDED_BY(mutex_);
  std::deque<Clone> used_ ABSL_GUARDED_BY(mutex_);
  CloneUsage usage_ ABSL_GUARDED_BY(mutex_);
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CLONE_POOL_H_
