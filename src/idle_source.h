// An executor's jobs, as those see them who wait until they are done: what `wait_idle()`
// (drydock/wait_idle.h) asks.
#ifndef DRYDOCK_SRC_IDLE_SOURCE_H_
#define DRYDOCK_SRC_IDLE_SOURCE_H_

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "drydock/executor.h"
#include "drydock/job.h"
#include "src/deadline.h"
#include "src/job_text.h"
#include "src/mutex.h"

namespace drydock::internal {

// Told by a source that something has changed for those who wait.
class IdleListener {
 public:
  void tell() {
    const MutexLock lock(mutex_);
    told_ = true;
    condition_.notify_one();
  }
  // Returns when it has been told since the last call. False: `deadline` has passed first.
  bool wait_until(SteadyTime deadline) {
    const MutexLock lock(mutex_);
    while (!told_) {
      if (!condition_.wait_until(mutex_, deadline) && !told_) return false;
    }
    told_ = false;
    return true;
  }

 private:
  Mutex mutex_;
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar condition_;
};

// Threads that are taken never to go on.
using StuckThreads = std::vector<std::thread::id>;

inline bool is_stuck(const StuckThreads& stuck, std::thread::id thread) {
  return std::find(stuck.begin(), stuck.end(), thread) != stuck.end();
}

// A job that a message names.
struct NamedJob {
  std::string text;  // describe_job() of it
  JobId id;
  SourceLocation where;
};

// The jobs of one executor, or of all executors that share a queue; an `IdleTarget` says which of
// them are meant. Thread-safe.
class IdleSource {
 public:
  IdleSource() = default;
  IdleSource(const IdleSource&) = delete;
  IdleSource& operator=(const IdleSource&) = delete;

  // While they are locked no job begins to be queued and none ends. Where several sources are
  // locked at a time, in the order of their addresses.
  virtual void lock_jobs() = 0;
  virtual void unlock_jobs() = 0;

  // --- With the jobs locked.

  // Whether no job of the target is queued or runs. A delayed one counts if it will be due by
  // `deadline`.
  virtual bool idle(const IdleTarget& target, SteadyTime deadline) const = 0;
  void add(IdleListener& listener) {
    listeners_.push_back(&listener);
    listener_added(true);
  }
  void remove(IdleListener& listener) {
    std::erase(listeners_, &listener);
    listener_added(false);
  }

  // --- With the jobs not locked.

  // Before somebody waits: sets going what may have come to a halt.
  virtual void revive() {}
  // Whether the jobs of the target could all end though the threads in `stuck` never go on.
  virtual bool may_become_idle(const IdleTarget& target, SteadyTime deadline,
                               const StuckThreads& stuck) = 0;
  // Whether the calling thread runs a job of the target.
  virtual bool runs_here(const IdleTarget& target) = 0;
  // The jobs of the target that wait for the calling thread to run them.
  virtual std::vector<NamedJob> waiting_for_this_thread(const IdleTarget& /*target*/) { return {}; }
  // Adds what is queued and running of the target; see `UnfinishedJobs::wants`.
  virtual void list_unfinished(const IdleTarget& target, UnfinishedJobs& jobs) = 0;
  // What the executor can do with the message of a wait that could never end. False: nothing.
  virtual bool note_blocked(const std::string& /*message*/, const NamedJob& /*job*/) {
    return false;
  }

 protected:
  ~IdleSource() = default;

  // With the jobs locked. A source calls `tell_listeners` when a job has ended or been cancelled,
  // and when one begins to wait for a thread that may be among those who wait.
  virtual void listener_added(bool /*added, not removed*/) {}
  bool has_listeners() const { return !listeners_.empty(); }
  void tell_listeners() {
    for (IdleListener* const listener : listeners_) listener->tell();
  }

 private:
  std::vector<IdleListener*> listeners_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_IDLE_SOURCE_H_
