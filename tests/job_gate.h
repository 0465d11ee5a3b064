// What tests of executors on real threads share: a job that holds a thread, and a log for all of
// them.
#ifndef DRYDOCK_TESTS_JOB_GATE_H_
#define DRYDOCK_TESTS_JOB_GATE_H_

#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "drydock/executor.h"
#include "drydock/source_location.h"

namespace drydock {

// Collects what jobs did, from any thread.
class Log {
 public:
  void add(std::string entry) {
    std::lock_guard<std::mutex> lock(mutex_);
    entries_.push_back(std::move(entry));
  }
  std::vector<std::string> entries() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> entries_;
};

// Writes `text` into `log` when it is destroyed.
inline std::shared_ptr<void> witness(Log& log, std::string text) {
  return {nullptr, [&log, text = std::move(text)](void*) { log.add(text); }};
}

// Keeps one thread of a pool busy from construction until `open()`.
class Gate {
 public:
  explicit Gate(Executor& executor, std::string name = "gate",
                SourceLocation where = SourceLocation::current()) {
    executor.submit(
        {.name = std::move(name)},
        [latches = latches_] {
          latches->runs.count_down();
          latches->open.wait();
        },
        where);
    latches_->runs.wait();
  }
  ~Gate() { open(); }
  void open() {
    if (!std::exchange(opened_, true)) latches_->open.count_down();
  }

 private:
  // Shared with the job, which may end after the gate.
  struct Latches {
    std::latch runs{1};
    std::latch open{1};
  };
  const std::shared_ptr<Latches> latches_ = std::make_shared<Latches>();
  bool opened_ = false;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_JOB_GATE_H_
