// What the recipes of docs/adapters.md touch of libraries that are not installed for drydock's
// tests: declarations as theirs, with the least behind them that can run a job.
#ifndef DRYDOCK_DOCS_SNIPPETS_PEERS_H_
#define DRYDOCK_DOCS_SNIPPETS_PEERS_H_

#include <deque>
#include <functional>
#include <utility>

#include "absl/functional/any_invocable.h"

// NOLINTBEGIN(readability-identifier-naming): names of others.

namespace peers {
// Runs what it is given, when it is told to.
class Queue {
 public:
  void push(absl::AnyInvocable<void()> call) { calls_.push_back(std::move(call)); }
  bool run_one() {
    if (calls_.empty()) return false;
    absl::AnyInvocable<void()> call = std::move(calls_.front());
    calls_.pop_front();
    call();
    return true;
  }
  void run_all() {
    while (run_one()) {
    }
  }

 private:
  std::deque<absl::AnyInvocable<void()>> calls_;
};
}  // namespace peers

namespace folly {
using Func = absl::AnyInvocable<void()>;  // move-only, as folly::Function<void()> is
class CPUThreadPoolExecutor {
 public:
  void add(Func func) { queue_.push(std::move(func)); }
  void join() { queue_.run_all(); }

 private:
  peers::Queue queue_;
};
}  // namespace folly

namespace BS {
class thread_pool {
 public:
  template <typename F>
  void detach_task(F&& task) {
    queue_.push(std::function<void()>(std::forward<F>(task)));
  }
  void wait() { queue_.run_all(); }

 private:
  peers::Queue queue_;
};
}  // namespace BS

namespace tf {
class Executor {
 public:
  template <typename F>
  void silent_async(F&& f) {
    queue_.push(std::function<void()>(std::forward<F>(f)));
  }
  void wait_for_all() { queue_.run_all(); }

 private:
  peers::Queue queue_;
};
}  // namespace tf

namespace Qt {
enum ConnectionType { QueuedConnection = 2 };
}  // namespace Qt

class QObject {};

class QCoreApplication : public QObject {
 public:
  QCoreApplication() { self_ = this; }
  ~QCoreApplication() { self_ = nullptr; }
  static QCoreApplication* instance() { return self_; }
  static void processEvents() { self_->queue_.run_all(); }

 private:
  friend class QMetaObject;
  peers::Queue queue_;
  static inline QCoreApplication* self_ = nullptr;
};

class QMetaObject {
 public:
  template <typename Functor>
  static bool invokeMethod(QObject* context, Functor function, Qt::ConnectionType) {
    static_cast<QCoreApplication*>(context)->queue_.push(std::function<void()>(function));
    return true;
  }
};

namespace grpc {
class CompletionQueue {
 public:
  // False: shut down, and nothing is left.
  bool Next(void** tag, bool* ok) {
    if (tags_.empty()) return false;
    *tag = tags_.front();
    *ok = true;
    tags_.pop_front();
    return true;
  }

 private:
  friend class Alarm;
  std::deque<void*> tags_;
};

class Alarm {
 public:
  template <typename T>
  void Set(CompletionQueue* cq, const T&, void* tag) {
    cq->tags_.push_back(tag);
  }
};
}  // namespace grpc

// NOLINTEND(readability-identifier-naming)

#endif  // DRYDOCK_DOCS_SNIPPETS_PEERS_H_
