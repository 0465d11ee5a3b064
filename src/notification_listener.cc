#include "src/notification_listener.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "src/start_thread.h"

namespace drydock::internal {
namespace {

// How long to wait for the server to come back.
constexpr int kRetryMilliseconds = 1000;

struct FreeMemory {
  void operator()(void* memory) const { PQfreemem(memory); }
};

std::string quoted(PGconn* connection, const std::string& name) {
  const std::unique_ptr<char, FreeMemory> text(
      PQescapeIdentifier(connection, name.data(), name.size()));
  return text == nullptr ? "\"\"" : text.get();
}

}  // namespace

NotificationListener::NotificationListener(std::string connection_string,
                                           absl::Duration connect_timeout,
                                           std::shared_ptr<Subscriptions> subscriptions,
                                           Subscriptions::Refused refused)
    : connection_string_(std::move(connection_string)),
      connect_timeout_(connect_timeout),
      subscriptions_(std::move(subscriptions)),
      refused_(std::move(refused)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

NotificationListener::~NotificationListener() {
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    ended_ = true;
    thread = std::move(thread_);
  }
  wake();
  if (thread.joinable()) thread.join();
}

void NotificationListener::wake() {
  const std::uint64_t one = 1;
  // It fails only where the counter is full, and then the thread is awake.
  static_cast<void>(::write(wake_.get(), &one, sizeof(one)));
}

void NotificationListener::synchronize() {
  const MutexLock lock(mutex_);
  // A handler that an inline executor runs on the listening thread cannot wait for that thread.
  if (thread_.get_id() == std::this_thread::get_id()) return;
  const std::uint64_t request = ++requested_;
  if (!thread_.joinable()) {
    thread_ = start_thread_without_signals("PostgreSQL's notifications", [this] { run(); });
  }
  wake();
  while (served_ < request) served_changed_.wait(mutex_);
  if (!error_.empty()) throw pqxx::broken_connection(error_);
}

void NotificationListener::run() {
  while (true) {
    std::uint64_t request = 0;
    {
      const MutexLock lock(mutex_);
      if (ended_) break;
      request = requested_;
    }
    serve(request);
    wait_for_something();
  }
  connection_.reset();
}

void NotificationListener::serve(std::uint64_t request) {
  std::string error;
  try {
    if (connection_ == nullptr || !connection_->healthy()) {
      listening_.clear();
      connection_.reset();
      connection_ = Connection::open(connection_string_, connect_timeout_);
    }
    listen_to_channels();
    bool asked = false;
    {
      const MutexLock lock(mutex_);
      asked = served_ < request;
    }
    // The server delivers when the session is idle: the second statement finds the first one's
    // notifications sent.
    for (int i = 0; asked && i < 2; ++i) connection_->exec_raw("");
    take_notifications();
  } catch (const std::exception& failure) {
    error = failure.what();
    connection_.reset();
  }
  const MutexLock lock(mutex_);
  served_ = request;
  error_ = error;
  served_changed_.notify_all();
}

void NotificationListener::listen_to_channels() {
  const std::set<std::string> wanted = subscriptions_->channels();
  if (wanted == listening_) return;
  std::string sql;
  for (const std::string& channel : wanted) {
    if (!listening_.contains(channel)) sql += "LISTEN " + quoted(connection_->raw(), channel) + ";";
  }
  for (const std::string& channel : listening_) {
    if (!wanted.contains(channel)) sql += "UNLISTEN " + quoted(connection_->raw(), channel) + ";";
  }
  connection_->exec_raw(sql);
  listening_ = wanted;
}

void NotificationListener::take_notifications() {
  PGconn* const raw = connection_->raw();
  if (raw == nullptr || PQconsumeInput(raw) == 0) {
    connection_.reset();
    return;
  }
  while (true) {
    const std::unique_ptr<PGnotify, FreeMemory> notify(PQnotifies(raw));
    if (notify == nullptr) return;
    subscriptions_->deliver({notify->relname, notify->extra}, refused_);
  }
}

void NotificationListener::wait_for_something() {
  const bool connected = connection_ != nullptr && connection_->raw() != nullptr;
  pollfd waiting[] = {{wake_.get(), POLLIN, 0},
                      {connected ? PQsocket(connection_->raw()) : -1, POLLIN, 0}};
  // Without a connection nobody is heard: time to try again.
  const int timeout = connected || subscriptions_->empty() ? -1 : kRetryMilliseconds;
  while (::poll(waiting, 2, timeout) < 0 && errno == EINTR) {
  }
  std::uint64_t count = 0;
  static_cast<void>(::read(wake_.get(), &count, sizeof(count)));
}

}  // namespace drydock::internal
