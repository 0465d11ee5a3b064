// The recurring jobs of an executor that only knows jobs that run once: each run submits the next
// one, with the delay that is left until it is due.
#ifndef DRYDOCK_SRC_RECURRING_JOBS_H_
#define DRYDOCK_SRC_RECURRING_JOBS_H_

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "drydock/executor.h"
#include "drydock/job.h"
#include "src/delay_clock.h"
#include "src/mutex.h"

namespace drydock::internal {

// Thread-safe. Shared by the executor and by the runs on their way.
class RecurringJobs : public std::enable_shared_from_this<RecurringJobs> {
 public:
  // Before the first `start`. `clock` outlives all runs.
  void follow(const Clock& clock) { clock_ = DelayClock(&clock); }

  // `submit` gives a job to the executor; it refers to the executor, which calls no run after its
  // own end. `first` is due when the first run is. Throws what `submit` throws.
  using Submit = std::function<void(SubmittedJob)>;
  // Takes a job back that has been submitted.
  using TakeBack = std::function<void(JobId)>;
  void start(SubmittedJob first, absl::Duration period, RecurringJob body, Submit submit,
             TakeBack take_back);

  // True: it will not run again; what the executor still has of it does nothing. False: it was
  // cancelled before. Empty: it is none of these jobs.
  std::optional<bool> cancel(JobId id);

 private:
  class Run;
  struct Entry {
    RecurringJob body;
    absl::Duration period;
    absl::Duration due;  // of the next run, or the one that runs; by clock_
    Submit submit;
    TakeBack take_back;
    bool running = false;    // under the mutex
    bool cancelled = false;  // under the mutex
  };

  void run(JobId id, const std::shared_ptr<Entry>& entry);
  // False: it was cancelled.
  bool begin(Entry& entry);
  void submit_next(JobId id, const std::shared_ptr<Entry>& entry);
  bool is_cancelled(const Entry& entry);
  void forget(JobId id);

  DelayClock clock_;
  Mutex mutex_;
  std::unordered_map<JobId, std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RECURRING_JOBS_H_
