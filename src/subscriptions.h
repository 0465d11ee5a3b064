// Who listens to which channel of one database.
#ifndef DRYDOCK_SRC_SUBSCRIPTIONS_H_
#define DRYDOCK_SRC_SUBSCRIPTIONS_H_

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>

#include "drydock/executor.h"
#include "drydock/notification.h"
#include "drydock/source_location.h"
#include "src/mutex.h"

namespace drydock::internal {

// Thread-safe. Held by a shared pointer, since subscriptions may outlive the database.
class Subscriptions : public std::enable_shared_from_this<Subscriptions> {
 public:
  // A job that an executor did not take: its name, the place of the listen, what was thrown.
  using Refused =
      std::function<void(const std::string&, SourceLocation, const std::exception_ptr&)>;

  // `executor` outlives the subscription.
  std::unique_ptr<Subscription> add(std::string channel, Executor& executor,
                                    NotificationHandler handler, SourceLocation where);

  // Submits a job for each one who listens, in the order in which they began to.
  void deliver(const Notification& notification, const Refused& refused);

  std::set<std::string> channels() const;

  bool empty() const {
    const MutexLock lock(mutex_);
    return entries_.empty();
  }

 private:
  struct Entry;
  class Handle;

  void remove(const std::shared_ptr<Entry>& entry);

  mutable Mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SUBSCRIPTIONS_H_
