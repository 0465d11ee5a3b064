// How messages name a job, and jobs that are not finished yet.
#ifndef DRYDOCK_SRC_JOB_TEXT_H_
#define DRYDOCK_SRC_JOB_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock::internal {

// "'send_mail' (#4, submitted at signup.cc:41), submitted by 'import' (#3, submitted at …)".
std::string describe_job(std::string_view name, JobId id, SourceLocation where,
                         const std::vector<JobAncestor>& ancestors);
std::string describe_job(const SubmittedJob& job);

// A job that runs or waits, as a listing shows it.
struct UnfinishedJob {
  std::string job;        // describe_job() of it
  std::string thread;     // the thread that runs it; empty: it waits
  absl::Duration since;   // how long it has run, or waited
  absl::Duration due_in;  // of a delayed job; zero: it is due
};

// Collects jobs for a listing; copies what it prints of the first few and counts the others.
class UnfinishedJobs {
 public:
  static constexpr std::size_t kListed = 20;

  explicit UnfinishedJobs(std::size_t listed = kListed) : most_(listed) {}

  // A job that is described already; it runs if it has a thread.
  void add(UnfinishedJob job);
  void add_running(const SubmittedJob& job, std::string thread, absl::Duration since);
  void add_queued(const SubmittedJob& job, absl::Duration since, absl::Duration due_in = {});

  // "1 job runs and 2 wait"
  std::string summary() const;
  // One indented line a job, each with a line feed before it.
  std::string lines() const;

 private:
  std::size_t most_;
  std::size_t running_ = 0;
  std::size_t queued_ = 0;
  std::vector<UnfinishedJob> listed_;
};

// "1.5s", "20ms": to the millisecond from one second on, to the microsecond below.
std::string describe_duration(absl::Duration duration);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_JOB_TEXT_H_
