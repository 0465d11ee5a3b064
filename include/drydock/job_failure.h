// A job that an executor on real threads could not bring to a good end, and who is told of it.
//
// A job's exception reaches neither the submitter nor the pool; it goes to the executor's failure
// handler, which by default writes one line to stderr:
//
//   ThreadPoolOptions options{.name = "mail"};
//   options.on_failure = [&metrics](const JobFailure& failure) {
//     metrics.count_failed_job(failure.name);
//     log_failure(failure);
//   };
//
// In a test the simulation records failures itself; see `Simulation::take_failures()`.
#ifndef DRYDOCK_JOB_FAILURE_H_
#define DRYDOCK_JOB_FAILURE_H_

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock {

// The `error` of a job that was taken and then never run, such as a delayed one that was not yet
// due at shutdown. Its message says why.
class JobDroppedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct JobFailure {
  std::string executor;  // the name of the executor
  JobId id;
  std::string name;
  SourceLocation where;                // of the submit
  std::vector<JobAncestor> ancestors;  // the submitters, nearest first
  std::exception_ptr error;            // what the job threw, or a `JobDroppedError`

  // One line: executor, job, place of the submit, parents, message.
  std::string to_string() const;
};

// Called on the thread that ran the job, after its closure is gone; from several threads at a time.
// What it throws is written to stderr and goes no further.
using FailureHandler = std::function<void(const JobFailure&)>;

// The default handler: writes `failure.to_string()` to stderr, as one line.
void log_failure(const JobFailure& failure);

namespace internal {
JobFailure make_failure(const std::string& executor, const SubmittedJob& job,
                        std::exception_ptr error);
// Calls `handler`, or `log_failure` where it is empty; never throws.
void report_failure(const FailureHandler& handler, const JobFailure& failure) noexcept;
}  // namespace internal

}  // namespace drydock

#endif  // DRYDOCK_JOB_FAILURE_H_
