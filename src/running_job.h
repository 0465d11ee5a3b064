// The calling thread's stack of running jobs.
#ifndef DRYDOCK_SRC_RUNNING_JOB_H_
#define DRYDOCK_SRC_RUNNING_JOB_H_

#include "drydock/job.h"

namespace drydock::internal {

// Stands on the stack around the run of a job; the innermost is `current_job()`.
class RunningJob {
 public:
  explicit RunningJob(const SubmittedJob& job) noexcept : job_(job), outer_(ThisThread::running_) {
    ThisThread::running_ = this;
  }
  RunningJob(const RunningJob&) = delete;
  RunningJob& operator=(const RunningJob&) = delete;
  ~RunningJob() { ThisThread::running_ = outer_; }

  static RunningJob* innermost() noexcept { return ThisThread::running_; }

  const SubmittedJob& job() const { return job_; }

  // The job as its children remember it; made when it first submits one.
  const Lineage* lineage();

 private:
  const SubmittedJob& job_;
  RunningJob* outer_;
  LineageRef lineage_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUNNING_JOB_H_
