// Tells a sandbox when the last job of its test has gone.
#ifndef DRYDOCK_SRC_SANDBOX_PRESENCE_H_
#define DRYDOCK_SRC_SANDBOX_PRESENCE_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "drydock/job.h"
#include "src/mutex.h"
#include "src/sandbox_state.h"
#include "src/test_observer.h"

namespace drydock::internal {

// Set once, when the presence has gone. Thread-safe.
class PresenceGone {
 public:
  void set() {
    const MutexLock lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }
  // False when `timeout` has passed first.
  bool wait(absl::Duration timeout) {
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
    const MutexLock lock(mutex_);
    while (!gone_ && changed_.wait_until(mutex_, deadline)) {
    }
    return gone_;
  }

 private:
  Mutex mutex_;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar changed_;
};

// Stands in the context of the test's thread and of every job that was submitted in the test.
class SandboxPresence final : public TestObserver {
 public:
  SandboxPresence(std::shared_ptr<SandboxState> state, std::shared_ptr<PresenceGone> gone)
      : state_(std::move(state)), gone_(std::move(gone)) {}
  ~SandboxPresence() override {
    state_.reset();
    gone_->set();
  }

  const std::shared_ptr<SandboxState>& state() const { return state_; }

  void note_blocked(const std::string& message) override {
    state_->engine().note_blocked(message, {});
  }
  void note_step(Step step, const OutsideJob& job) override {
    state_->engine().note_outside(step, job);
  }
  void note_leaked_context(const SubmittedJob& job, const char* slot) override {
    state_->engine().add_leaked_context(job, slot);
  }

 private:
  std::shared_ptr<SandboxState> state_;
  std::shared_ptr<PresenceGone> gone_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SANDBOX_PRESENCE_H_
