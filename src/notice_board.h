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
  // The tag of a statement that has completed; `own`: one of drydock's.
  void see_tag(std::string_view tag, bool own);
  // Whether the message of this tag has to be added first: among several savepoints of the
  // application's, only a name tells which one is meant.
  bool wants_name(std::string_view tag) const;
  // The NOTIFY statements, and those about savepoints, of a message that began at the server's time
  // `began`. Their tags follow.
  void add(const std::vector<Notice>& notices, const std::vector<SavepointStep>& steps,
           const std::string& began);

  // The rest of the message will not run.
  void message_failed() {
    unplaced_.clear();
    steps_.clear();
  }

  // At the simulated commit: what is to be delivered, in order, equal ones once.
  std::vector<Notification> take();
  // Whether the last `take` lacks a NOTIFY, whose text was not there.
  bool lacks_one() const { return lacks_one_; }

 private:
  struct Entry {
    std::string at;
    Notification notification;  // without a channel: its text was not there
  };

  struct Savepoint {
    std::size_t entries;  // how many there were when it was made
    bool own;             // drydock's, which is not the application's to release
    std::string name;     // of the application's, but for the first, which needs none
  };

  static void on_notice(void* self, const PGresult* result);
  std::string next_name(SavepointStep::Kind kind);
  std::size_t find(const std::string& name, bool own) const;
  void place_next();
  void read_from_server();

  Connection& connection_;
  PQnoticeReceiver next_receiver_ = nullptr;
  bool on_server_ = false;
  bool lacks_one_ = false;
  std::string last_told_;  // when the function last told of one
  std::string message_began_;
  std::deque<Notice> unplaced_;
  std::vector<Entry> entries_;
  std::deque<SavepointStep> steps_;  // whose tags have not come
  std::vector<Savepoint> savepoints_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_NOTICE_BOARD_H_
