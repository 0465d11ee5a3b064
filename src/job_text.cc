#include "src/job_text.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace drydock::internal {
namespace {

std::string line_of(const UnfinishedJob& job, bool names_executor) {
  const std::string on = names_executor ? " of " + job.executor : "";
  const std::string since =
      job.since ? (job.since_is_most ? " for up to " : " for ") + describe_duration(*job.since)
                : "";
  if (!job.thread.empty()) {
    std::string text =
        "\n  running" + since + " on thread '" + job.thread + "'" + on + ": " + job.job;
    const std::string at = job.activity == nullptr ? "" : job.activity->describe();
    if (!at.empty()) text += "\n    " + at;
    return text;
  }
  if (job.due_in > absl::ZeroDuration()) {
    return "\n  waiting for its delay" + (names_executor ? " on " + job.executor : "") +
           ", due in " + describe_duration(job.due_in) + ": " + job.job;
  }
  return "\n  queued" + since + (names_executor ? " on " + job.executor : "") + ": " + job.job;
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
  const auto same = std::find_if(listed_.begin(), listed_.end(), [&](const UnfinishedJob& listed) {
    return listed.handed_on != job.handed_on && listed.job == job.job;
  });
  if (same != listed_.end()) {
    if (job.handed_on) same->executor = std::move(job.executor);
    return;
  }
  ++(job.thread.empty() ? queued_ : running_);
  if (!only_counts()) listed_.push_back(std::move(job));
}

std::string UnfinishedJobs::summary() const {
  return std::to_string(running_) + (running_ == 1 ? " job runs and " : " jobs run and ") +
         std::to_string(queued_) + (queued_ == 1 ? " waits" : " wait");
}

std::string UnfinishedJobs::lines() const {
  std::string text;
  for (const UnfinishedJob& job : listed_) text += line_of(job, names_executors_);
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
