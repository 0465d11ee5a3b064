// The job that the calling thread is running, on whichever executor.
//
//   if (auto job = drydock::current_job()) log("in job " + job->name());
//
// For messages and logs. To carry values of your own from the submitter into the job, use a context
// slot (drydock/context.h).
#ifndef DRYDOCK_CURRENT_JOB_H_
#define DRYDOCK_CURRENT_JOB_H_

#include <optional>
#include <string>
#include <vector>

#include "drydock/job.h"

namespace drydock {

// A view of the running job. Valid until that job ends; for the thread that runs it.
class CurrentJob {
 public:
  JobId id() const { return job_->id(); }
  std::string name() const { return job_->name(); }
  SourceLocation where() const { return job_->where(); }
  JobId parent() const { return job_->parent(); }
  int generation() const { return job_->generation(); }
  // The submitters, nearest first.
  std::vector<JobAncestor> ancestors() const { return job_->ancestors(); }

 private:
  friend std::optional<CurrentJob> current_job();
  explicit CurrentJob(const SubmittedJob* job) : job_(job) {}
  const SubmittedJob* job_;
};

// The innermost job that the calling thread runs; empty outside a job.
std::optional<CurrentJob> current_job();

// "job 'send_mail' (#4, submitted at src/signup.cc:41)", or "code outside any job" where the
// calling thread runs none; for messages.
std::string describe_current_job();

}  // namespace drydock

#endif  // DRYDOCK_CURRENT_JOB_H_
