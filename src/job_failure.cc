#include "drydock/job_failure.h"

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "src/job_text.h"

namespace drydock {

std::string JobFailure::to_string() const {
  try {
    if (error != nullptr) std::rethrow_exception(error);
  } catch (const JobDroppedError& e) {
    return "drydock: executor '" + executor + "' dropped job " +
           internal::describe_job(name, id, where, ancestors) + ": " + e.what();
  } catch (...) {
    // Described below.
  }
  return "drydock: executor '" + executor + "': job " +
         internal::describe_job(name, id, where, ancestors) + " failed: " + describe(error);
}

void log_failure(const JobFailure& failure) {
  // One call, so that the lines of several threads do not mix.
  const std::string line = failure.to_string() + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

namespace internal {

JobFailure make_failure(const std::string& executor, const SubmittedJob& job,
                        std::exception_ptr error) {
  return JobFailure{executor, job.id(), job.name(), job.where(), job.ancestors(), std::move(error)};
}

void report_failure(const FailureHandler& handler, const JobFailure& failure) noexcept {
  if (!handler) {
    log_failure(failure);
    return;
  }
  try {
    handler(failure);
  } catch (...) {
    const std::string line = "drydock: the failure handler of executor '" + failure.executor +
                             "' threw " + describe(std::current_exception()) +
                             " when it was told of this: " + failure.to_string() + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace internal
}  // namespace drydock
