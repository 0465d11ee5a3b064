// What `Database::listen` hears: the notifications of PostgreSQL (NOTIFY, pg_notify).
//
//   auto subscription = database.listen("mail", executor, [&](const drydock::Notification& n) {
//     mailer.send_now(n.payload);
//   });
//
// Each notification becomes a job on the executor, with all that belongs to a job: it is drained,
// journalled, and its failure is not lost. In a test with a `DeferredExecutor` it waits for
// `drain()`.
#ifndef DRYDOCK_NOTIFICATION_H_
#define DRYDOCK_NOTIFICATION_H_

#include <functional>
#include <string>

namespace drydock {

struct Notification {
  std::string channel;
  std::string payload;

  friend bool operator==(const Notification&, const Notification&) = default;
};

using NotificationHandler = std::function<void(const Notification&)>;

// Ends when it is destroyed: jobs that have not begun by then do nothing. One that runs on another
// thread at that moment goes on, so that what it uses has to live until the executor is idle.
class Subscription {
 public:
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription() = default;

 protected:
  Subscription() = default;
};

}  // namespace drydock

#endif  // DRYDOCK_NOTIFICATION_H_
