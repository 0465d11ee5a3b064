// What executors on real threads say when they have been shut down, or cannot be.
#ifndef DRYDOCK_SRC_EXECUTOR_TEXT_H_
#define DRYDOCK_SRC_EXECUTOR_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "src/job_text.h"

namespace drydock::internal {

// The message of an `ExecutorShutDownError`.
std::string describe_refusal_after_shutdown(const std::string& executor, const SubmittedJob& job);

// The message of the `MisuseError` for `shutdown()` within one of the executor's own jobs.
std::string describe_shutdown_by_own_job(const std::string& executor);

// `DeadlineExceeded`, with the jobs.
absl::Status not_shut_down(const std::string& executor, absl::Duration timeout,
                           const UnfinishedJobs& jobs);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_EXECUTOR_TEXT_H_
