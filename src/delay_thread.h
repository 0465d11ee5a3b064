// A thread that calls closures when they are due, for executors whose other side has no timers.
#ifndef DRYDOCK_SRC_DELAY_THREAD_H_
#define DRYDOCK_SRC_DELAY_THREAD_H_

#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "drydock/job.h"
#include "src/deadline.h"
#include "src/mutex.h"

namespace drydock::internal {

// Thread-safe. Starts its thread with the first call.
class DelayThread {
 public:
  // When, and the how-manyth call: ties go in the order of `add`.
  using Key = std::pair<SteadyTime, std::uint64_t>;

  // `executor`: whom the thread is named after.
  explicit DelayThread(std::string executor) : executor_(std::move(executor)) {}
  DelayThread(const DelayThread&) = delete;
  DelayThread& operator=(const DelayThread&) = delete;
  // As `stop()`.
  ~DelayThread() { stop(); }

  // `call` does not throw. Throws `std::system_error` where the machine gives no more threads.
  Key add(SteadyTime due, Job call);
  // Destroys the call, unless it is due already.
  void remove(const Key& key);
  // Waits for the call that is being made, and destroys the others. Any number of calls, from one
  // thread; none of `add` after it.
  void stop();

 private:
  void run();

  const std::string executor_;
  Mutex mutex_;
  CondVar changed_;
  std::map<Key, Job> calls_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t added_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DELAY_THREAD_H_
