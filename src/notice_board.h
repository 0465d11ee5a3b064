// The notifications of a sandbox's open transaction, which PostgreSQL would deliver at its commit.
//
// NOTIFY is queued inside the server, where nobody can see it, until a real commit that never
// comes. pg_notify() is therefore another function in the template: it does as ever, and in a
// sandbox also writes down what was notified, in a setting, which savepoints roll back like all
// else. A NOTIFY statement is read from the text of its message.
#ifndef DRYDOCK_SRC_NOTICE_BOARD_H_
#define DRYDOCK_SRC_NOTICE_BOARD_H_

#include <libpq-fe.h>

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "drydock/notification.h"
#include "src/connection.h"
#include "src/statement_text.h"

namespace drydock::internal {

// Statements that put the function in the place of pg_notify(), one by one, for a superuser.
extern const char* const kReplacePgNotify[2];

// For the thread that uses the connection, which outlives it.
class NoticeBoard {
 public:
  explicit NoticeBoard(Connection& connection) : connection_(connection) {}
  NoticeBoard(const NoticeBoard&) = delete;
  NoticeBoard& operator=(const NoticeBoard&) = delete;

  // Tells the server that this session is a sandbox's, and watches for the function's messages.
  void attach();

  void transaction_began();
  // The tag of a statement that has completed, drydock's own among them.
  void see_tag(std::string_view tag);
  // The NOTIFY statements of a message that began at the server's time `began`. Their tags follow.
  void add(const std::vector<Notice>& notices, const std::string& began);

  // At the simulated commit: what is to be delivered, in order, equal ones once.
  std::vector<Notification> take();

 private:
  struct Entry {
    std::string at;
    Notification notification;
  };

  static void on_notice(void* self, const PGresult* result);
  void place_next();
  void read_from_server();

  Connection& connection_;
  PQnoticeReceiver next_receiver_ = nullptr;
  bool on_server_ = false;
  std::string last_told_;  // when the function last told of one
  std::string message_began_;
  std::deque<Notice> unplaced_;
  std::vector<Entry> entries_;
  // How many entries there were when each open savepoint was made.
  std::vector<std::size_t> savepoints_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_NOTICE_BOARD_H_
