// The calling thread's stack of running jobs.
#ifndef DRYDOCK_SRC_RUNNING_JOB_H_
#define DRYDOCK_SRC_RUNNING_JOB_H_

#include "drydock/job.h"
#include "src/lineage.h"

namespace drydock::internal {

// Stands on the stack around the run of a job; the innermost is `current_job()`.
class RunningJob {
 public:
  explicit RunningJob(const SubmittedJob& job) noexcept : job_(job), outer_(ThisThread::running_) {
    ThisThread::running_ = this;
  }
  RunningJob(const RunningJob&) = delete;
  RunningJob& operator=(const RunningJob&) = delete;
  ~RunningJob() {
    ThisThread::running_ = outer_;
    if (lineage_ != nullptr) [[unlikely]] {
      let_lineage_go();
    }
  }

  static RunningJob* innermost() noexcept { return ThisThread::running_; }

  const SubmittedJob& job() const { return job_; }

  // The job as its children remember it; made when it first submits one.
  LineageRef share_lineage() {
    if (lineage_ == nullptr) make_lineage();
    if (prepaid_ == 0) {
      lineage_->take(kPrepaid);
      prepaid_ = kPrepaid;
    }
    --prepaid_;
    return LineageRef::adopt(lineage_);
  }

 private:
  // Shares are taken in bulk: an atomic operation for each would be a good part of a submit.
  static constexpr int kPrepaid = 64;

  void make_lineage();
  void let_lineage_go();

  const SubmittedJob& job_;
  RunningJob* outer_;
  // Plain pointer, so that a job without children pays for one comparison.
  const Lineage* lineage_ = nullptr;  // holds a share
  int prepaid_ = 0;                   // further ones that are not handed out
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUNNING_JOB_H_
