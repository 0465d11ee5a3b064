// A connection that listens, with the thread that waits at it.
#ifndef DRYDOCK_SRC_NOTIFICATION_LISTENER_H_
#define DRYDOCK_SRC_NOTIFICATION_LISTENER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "src/connection.h"
#include "src/mutex.h"
#include "src/subscriptions.h"
#include "src/unique_fd.h"

namespace drydock::internal {

// Thread-safe. The thread starts with the first `synchronize`. A connection that is lost is opened
// again; what was notified meanwhile is lost, as PostgreSQL has it.
class NotificationListener {
 public:
  NotificationListener(std::string connection_string, absl::Duration connect_timeout,
                       std::shared_ptr<Subscriptions> subscriptions,
                       Subscriptions::Refused refused);
  NotificationListener(const NotificationListener&) = delete;
  NotificationListener& operator=(const NotificationListener&) = delete;
  // Closes the connection; no job is submitted afterwards.
  ~NotificationListener();

  // Returns when the session listens to the channels of all subscriptions, and what was committed
  // before has been delivered. Throws `pqxx::broken_connection` where there is no connection.
  void synchronize();

 private:
  void run();
  void wait_for_something();
  void serve(std::uint64_t request);
  void listen_to_channels();
  void take_notifications();
  void wake();

  const std::string connection_string_;
  const absl::Duration connect_timeout_;
  const std::shared_ptr<Subscriptions> subscriptions_;
  const Subscriptions::Refused refused_;
  UniqueFd wake_;

  // For the thread.
  std::unique_ptr<Connection> connection_;
  std::set<std::string> listening_;

  Mutex mutex_;
  CondVar served_changed_;
  std::uint64_t requested_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t served_ ABSL_GUARDED_BY(mutex_) = 0;
  // Why the last request could not be served; empty where it was.
  std::string error_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

// The subscriptions of a database whose server delivers, and their listener once there is one.
// Thread-safe.
class Notifications {
 public:
  Notifications(std::string connection_string, absl::Duration connect_timeout,
                Subscriptions::Refused refused)
      : listener_(std::move(connection_string), connect_timeout, subscriptions_,
                  std::move(refused)) {}

  std::unique_ptr<Subscription> listen(std::string channel, Executor& executor,
                                       NotificationHandler handler, SourceLocation where) {
    auto subscription =
        subscriptions_->add(std::move(channel), executor, std::move(handler), where);
    listener_.synchronize();
    return subscription;
  }

  // Delivers what has been committed before, if anybody listens.
  void synchronize() {
    if (!subscriptions_->empty()) listener_.synchronize();
  }

 private:
  const std::shared_ptr<Subscriptions> subscriptions_ = std::make_shared<Subscriptions>();
  NotificationListener listener_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_NOTIFICATION_LISTENER_H_
