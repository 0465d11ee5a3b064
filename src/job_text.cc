#include "src/job_text.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace drydock::internal {
namespace {

std::string line_of(const UnfinishedJob& job) {
  const std::string since = describe_duration(job.since);
  if (!job.thread.empty()) {
    return "\n  running for " + since + " on thread '" + job.thread + "': " + job.job;
  }
  if (job.due_in > absl::ZeroDuration()) {
    return "\n  waiting for its delay, due in " + describe_duration(job.due_in) + ": " + job.job;
  }
  return "\n  queued for " + since + ": " + job.job;
}

}  // namespace

std::string describe_job(std::string_view name, JobId id, SourceLocation where,
                         const std::vector<JobAncestor>& ancestors) {
  std::string text = "'" + std::string(name) + "' (#" + std::to_string(id.value()) +
                     ", submitted at " + where.to_string() + ")";
  if (!ancestors.empty()) text += ", " + describe_ancestors(ancestors);
  return text;
}

std::string describe_job(const SubmittedJob& job) {
  return describe_job(job.name(), job.id(), job.where(), job.ancestors());
}

void UnfinishedJobs::add(UnfinishedJob job) {
  ++(job.thread.empty() ? queued_ : running_);
  if (listed_.size() < most_) listed_.push_back(std::move(job));
}

void UnfinishedJobs::add_running(const SubmittedJob& job, std::string thread,
                                 absl::Duration since) {
  ++running_;
  if (listed_.size() < most_) {
    listed_.push_back({describe_job(job), std::move(thread), since, absl::ZeroDuration()});
  }
}

void UnfinishedJobs::add_queued(const SubmittedJob& job, absl::Duration since,
                                absl::Duration due_in) {
  ++queued_;
  if (listed_.size() < most_) listed_.push_back({describe_job(job), "", since, due_in});
}

std::string UnfinishedJobs::summary() const {
  return std::to_string(running_) + (running_ == 1 ? " job runs and " : " jobs run and ") +
         std::to_string(queued_) + (queued_ == 1 ? " waits" : " wait");
}

std::string UnfinishedJobs::lines() const {
  std::string text;
  for (const UnfinishedJob& job : listed_) text += line_of(job);
  const std::size_t others = running_ + queued_ - listed_.size();
  if (others > 0) text += "\n  … and " + std::to_string(others) + " more";
  return text;
}

std::string describe_duration(absl::Duration duration) {
  const absl::Duration unit =
      duration < absl::Seconds(1) ? absl::Microseconds(1) : absl::Milliseconds(1);
  const absl::Duration shown = absl::Trunc(duration, unit);
  return shown == absl::ZeroDuration() ? "0s" : absl::FormatDuration(shown);
}

}  // namespace drydock::internal
