// What executors outside of any simulation do at each submit, so that a test sees their jobs too.
#ifndef DRYDOCK_SRC_OUTSIDE_JOB_H_
#define DRYDOCK_SRC_OUTSIDE_JOB_H_

#include <string>

#include "drydock/job.h"
#include "src/transaction_mark.h"

namespace drydock::internal {

// Wraps what the job runs, so that its steps come into the journal of the sandbox that it was
// submitted in; does nothing for one of no sandbox.
void watch_outside_job(SubmittedJob& job, const std::string& executor);

// `executor`: what the journal calls it. Not for what an executor forwards that has seen the job
// before; see `TransactionMark::Forwarding`.
inline void see_outside_submit(SubmittedJob& job, const std::string& executor) {
  TransactionMark::see_submit(job);
  // In production few jobs have a context.
  if (job.context() != nullptr && !TransactionMark::Forwarding::is_here()) {
    watch_outside_job(job, executor);
  }
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_OUTSIDE_JOB_H_
