#include "src/delay_thread.h"

#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "src/start_thread.h"
#include "src/thread_name.h"

namespace drydock::internal {

DelayThread::Key DelayThread::add(SteadyTime due, Job call) {
  MutexLock lock(mutex_);
  if (!thread_.joinable()) thread_ = start_thread("the delays of an executor", [this] { run(); });
  const Key key(due, ++added_);
  calls_.emplace(key, std::move(call));
  changed_.notify_one();
  return key;
}

void DelayThread::remove(const Key& key) {
  // Destroyed without the lock.
  std::map<Key, Job>::node_type removed;
  MutexLock lock(mutex_);
  removed = calls_.extract(key);
}

void DelayThread::stop() {
  std::map<Key, Job> left;
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    left.swap(calls_);
    thread = std::move(thread_);
    changed_.notify_one();
  }
  if (thread.joinable()) thread.join();
}

void DelayThread::run() {
  name_this_thread(executor_, "-timer");
  for (;;) {
    std::map<Key, Job>::node_type due;
    {
      MutexLock lock(mutex_);
      while (!stopped_ &&
             (calls_.empty() || calls_.begin()->first.first > std::chrono::steady_clock::now())) {
        if (calls_.empty()) {
          changed_.wait(mutex_);
        } else {
          changed_.wait_until(mutex_, calls_.begin()->first.first);
        }
      }
      if (stopped_) return;
      due = calls_.extract(calls_.begin());
    }
    std::move(due.mapped())();
  }
}

}  // namespace drydock::internal
