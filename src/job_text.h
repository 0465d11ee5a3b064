// How messages name a job, and jobs that are not finished yet.
#ifndef DRYDOCK_SRC_JOB_TEXT_H_
#define DRYDOCK_SRC_JOB_TEXT_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/source_location.h"
#include "src/thread_card.h"

namespace drydock::internal {

class IdleSource;    // see src/idle_source.h
class TestObserver;  // see src/test_observer.h

// "'send_mail' (#4, submitted at signup.cc:41), submitted by 'import' (#3, submitted at …)".
std::string describe_job(std::string_view name, JobId id, SourceLocation where,
                         const std::vector<JobAncestor>& ancestors);
std::string describe_job(const SubmittedJob& job);

// A job that runs or waits, as a listing shows it.
struct UnfinishedJob {
  std::string job = {};                      // describe_job() of it
  std::string executor = {};                 // "executor 'mail'"
  std::string thread = {};                   // the thread that runs it; empty: it waits
  std::optional<absl::Duration> since = {};  // how long it has run, or waited, where that is known
  bool since_is_most = false;                // it may be less than that
  absl::Duration due_in = {};                // of a delayed job; zero: it is due
  std::shared_ptr<const Activity> activity = {};  // of the thread that runs it
  bool handed_on = false;                         // by a strand to its base, which may list it too
};

// Collects jobs for a listing; copies what it prints of the first few and counts the others.
class UnfinishedJobs {
 public:
  static constexpr std::size_t kListed = 20;

  explicit UnfinishedJobs(std::size_t listed = kListed) : most_(listed) {}
  // Of one test: the jobs that were submitted under this observer, and the running ones of `own`.
  UnfinishedJobs(const TestObserver* only_of, const IdleSource* own)
      : most_(kListed), only_of_(only_of), own_(own) {}

  // Whether each line names the executor.
  void set_names_executors(bool names) { names_executors_ = names; }

  // Whether a job that was submitted under `observer` is to be added.
  bool wants(const TestObserver* observer) const {
    return only_of_ == nullptr || observer == only_of_;
  }
  // Whether all running jobs of `source` are, though nobody knows their observers.
  bool wants_running_of(const IdleSource& source) const {
    return only_of_ == nullptr || own_ == &source;
  }
  bool empty() const { return running_ + queued_ == 0; }

  // A job runs if it has a thread. One that a strand has handed on and the base lists too is
  // listed once, as the strand's.
  void add(UnfinishedJob job);
  // Whether `add` would only count the job: it need not be described then.
  bool only_counts() const { return listed_.size() >= most_; }

  // "1 job runs and 2 wait"
  std::string summary() const;
  // One indented line a job, and one for what it is at, each with a line feed before it. Asks the
  // threads' activities: with no lock held.
  std::string lines() const;

 private:
  std::size_t most_;
  const TestObserver* only_of_ = nullptr;
  const IdleSource* own_ = nullptr;
  bool names_executors_ = false;
  std::size_t running_ = 0;
  std::size_t queued_ = 0;
  std::vector<UnfinishedJob> listed_;
};

// "1.5s", "20ms": to the millisecond from one second on, to the microsecond below.
std::string describe_duration(absl::Duration duration);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_JOB_TEXT_H_
