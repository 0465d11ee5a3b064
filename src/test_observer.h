// How executors and waits that know of no test tell the one that they concern. It stands in the
// context of a test's thread, and so of every job that was submitted there, on whatever executor.
#ifndef DRYDOCK_SRC_TEST_OBSERVER_H_
#define DRYDOCK_SRC_TEST_OBSERVER_H_

#include <memory>
#include <string>

#include "drydock/context.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock::internal {

// A job of an executor outside of any simulation, for the journal of the test that submitted it.
struct OutsideJob {
  JobId id;
  std::string given_name;
  SourceLocation where;
  std::string executor;
};

// Thread-safe.
class TestObserver {
 public:
  TestObserver() = default;
  TestObserver(const TestObserver&) = delete;
  TestObserver& operator=(const TestObserver&) = delete;
  virtual ~TestObserver() = default;
  // A wait was refused that could never have ended.
  virtual void note_blocked(const std::string& message) = 0;
  // What has become of a job that no simulation runs. `kCancelled`: it was destroyed unrun.
  enum class Step { kSubmitted, kStarted, kFinished, kFailed, kCancelled };
  virtual void note_step(Step step, const OutsideJob& job) = 0;
  // The job has left the context slot of that name changed.
  virtual void note_leaked_context(const SubmittedJob& job, const char* slot) = 0;
};

const ContextSlot<std::shared_ptr<TestObserver>>& test_observer_slot();

// The observer that `job` was submitted under, to be compared; null where there is none. Not for a
// job whose run may be ending.
const TestObserver* observer_of(const SubmittedJob& job);
// The same with a share.
std::shared_ptr<TestObserver> share_observer_of(const SubmittedJob& job);

// Tells the calling thread's observer, where it has one.
void note_blocked(const std::string& message);

// Tells the observer that `job` was submitted under, where it has one, that the job has left the
// context slot of that name changed. Called by executors outside of a simulation, on the thread
// that has run the job, which still has its context.
void note_leaked_context(const SubmittedJob& job, const char* slot);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TEST_OBSERVER_H_
