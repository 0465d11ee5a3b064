#include "src/executor_text.h"

#include <string>

#include "absl/status/status.h"
#include "drydock/current_job.h"

namespace drydock::internal {

std::string describe_refusal_after_shutdown(const std::string& executor, const SubmittedJob& job) {
  std::string text = "drydock: executor '" + executor + "' refused job " + describe_job(job) +
                     ": it was shut down. ";
  if (job.is_delayed()) {
    text += "A shutdown does not wait for delays; submit the job without one.";
  } else {
    text +=
        "Stop those who submit before the executor, and declare it before them, so that it is "
        "destroyed after them.";
  }
  return text;
}

std::string describe_shutdown_by_own_job(const std::string& executor) {
  return "drydock: shutdown() of executor '" + executor + "' was called from " +
         describe_current_job() +
         ", which this executor runs: it would wait for itself. Shut it down, and destroy it, from "
         "the thread that made it, outside its jobs.";
}

absl::Status not_shut_down(const std::string& executor, absl::Duration timeout,
                           const UnfinishedJobs& jobs) {
  return absl::DeadlineExceededError("drydock: executor '" + executor + "' has not ended " +
                                     describe_duration(timeout) +
                                     " after shutdown(): " + jobs.summary() + ":" + jobs.lines());
}

}  // namespace drydock::internal
