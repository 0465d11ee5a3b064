// Copies of the template database, made ahead by threads in the background, for the tests that want
// a database of their own.
#ifndef DRYDOCK_SRC_CLONE_POOL_H_
#define DRYDOCK_SRC_CLONE_POOL_H_

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
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
  std::size_t maker = 0;  // the one whose session holds the lock that marks it as owned
};

// Thread-safe. Owned by the test database, and shared with the sandboxes that are open on it.
//
// The first maker starts with the first sandbox that wants a clone. Another one joins it each time
// that a test takes the last one or has to wait, up to two more than there are processors, and
// four: a suite of fast tests gets its clones from several at a time, and one whose tests take
// their time burdens nobody. For the same reason the stock grows with the number of clones that
// have been taken: a process with one such test does not make eight. A maker's session holds the
// locks that mark its clones as owned: where the process dies, the next one drops them.
//
// A failure is of the tests that wait for a clone at that time. The makers rest then until another
// test wants one, and try again.
class ClonePool {
 public:
  // `server` is the URI of the database from which databases are made; `by_files`: see
  // owned_database.h; `ahead`: how many are kept ready at most, at least 1.
  ClonePool(std::string server, std::string template_name, bool by_files, int ahead);
  ClonePool(const ClonePool&) = delete;
  ClonePool& operator=(const ClonePool&) = delete;
  ~ClonePool();

  // Begins to make clones, if it has not begun yet.
  void start();

  // Begins, and returns when the first stock is ready, or none will be; `take` then says why. It is
  // more than one clone, since a test may be over before the next one is made.
  void wait_until_ready();

  // A clone that no one has used. Waits for one where none is ready.
  absl::StatusOr<Clone> take();

  // Takes one back to drop it in the background, with the connections that are still open to it.
  void give_back(Clone clone);

  // Drops all that are not in use, and those that come back later at once.
  void end();

  CloneUsage usage() const;

 private:
  // A thread that makes clones and drops them, and its session, which is nobody else's until the
  // thread has ended.
  struct Maker {
    std::size_t number;
    std::unique_ptr<AdminConnection> admin;  // null where none could be opened
    // The databases whose locks it holds, or shall hold again.
    std::set<std::string> owned;
    // The session is another one than that which has claimed the clones that are ready.
    bool reconnected = false;
    std::thread thread;
  };

  using Work = absl::FunctionRef<absl::Status(AdminConnection&)>;

  void add_maker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void start_maker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void run(Maker& maker);
  // Gives the maker a session, with the locks of its clones, where it has none that lives.
  absl::Status connect(Maker& maker);
  static bool owns_without_session(const Maker& maker);
  // One step of its thread. False: it ends.
  bool step(Maker& maker);
  // How many shall be ready now.
  std::size_t stock() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool wants_another() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A clone of this maker's that is not used any more; without a name where there is none.
  Clone take_used(const Maker& maker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False: the maker ends.
  bool make_one(Maker& maker);
  // The name of a new clone.
  absl::StatusOr<std::string> make(Maker& maker);
  // Makes the database `name`, which is empty at the first try.
  absl::Status copy_template(Maker& maker, AdminConnection& admin, std::string& name);
  // Does `work`, once more where the session turns out to be dead.
  absl::Status on_session(Maker& maker, Work work);
  void discard_unowned(Maker& maker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False: there is no connection to the server.
  bool drop(Maker& maker, const Clone& clone);
  void drop_all(const std::deque<Clone>& clones) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string server_;
  const std::string template_name_;
  const bool by_files_;
  const std::size_t ahead_;

  const std::string process_;
  const std::size_t most_makers_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::unique_ptr<Maker>> makers_ ABSL_GUARDED_BY(mutex_);
  int at_work_ ABSL_GUARDED_BY(mutex_) = 0;  // the makers but those that have got no connection
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool joined_ ABSL_GUARDED_BY(mutex_) = false;  // the makers' sessions are under the lock
  // Why the last clone could not be made; no maker makes one as long as this is a failure.
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::deque<Clone> ready_ ABSL_GUARDED_BY(mutex_);
  std::deque<Clone> used_ ABSL_GUARDED_BY(mutex_);
  CloneUsage usage_ ABSL_GUARDED_BY(mutex_);
  std::size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t in_the_making_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CLONE_POOL_H_
