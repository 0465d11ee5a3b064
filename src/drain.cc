#include "drydock/drain.h"

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "src/spare_runs.h"

namespace drydock {
namespace {

constexpr std::size_t kMostListed = 20;

void print_others(std::ostream& out, std::size_t count, const char* what) {
  if (count > 0) out << "\n  … and " << count << " more " << what;
}

template <class T>
[[gnu::noinline]] void free_memory(std::vector<T>& items) {
  std::vector<T>().swap(items);
}

}  // namespace

bool internal::SpareRuns::make() {
  if (ended_) return false;
  static thread_local Owner owner;
  return true;
}

constinit const DrainOptions DrainOptions::kDefaults = {};

DrainReport::DrainReport(DrainReport&& other) noexcept
    : limit(std::move(other.limit)),
      runs(std::move(other.runs)),
      pending(std::move(other.pending)),
      leaves_runs_(std::exchange(other.leaves_runs_, false)) {}

DrainReport::DrainReport(const DrainReport& other)
    : limit(other.limit), runs(other.runs), pending(other.pending) {}

DrainReport& DrainReport::operator=(DrainReport other) noexcept {
  runs.swap(other.runs);
  pending.swap(other.pending);
  std::swap(limit, other.limit);
  std::swap(leaves_runs_, other.leaves_runs_);
  return *this;
}

// Mostly both lists have no memory here. To have each of them find that out takes longer than to
// tell the compiler; `limit` stands before them, so that nothing comes in between.
[[gnu::flatten]] DrainReport::~DrainReport() {
  if (leaves_runs_) internal::SpareRuns::give(runs);
  if (runs.capacity() != 0) [[unlikely]] {
    free_memory(runs);
  }
  if (pending.capacity() != 0) [[unlikely]] {
    free_memory(pending);
  }
  if (runs.data() != nullptr || !runs.empty() || pending.data() != nullptr || !pending.empty()) {
    __builtin_unreachable();
  }
}

absl::Status DrainReport::status() const {
  if (!limit.ok()) return limit;
  std::ostringstream text;
  int failures = 0;
  for (const JobRun& run : runs) {
    if (run.outcome == JobRun::kFailed) text << (failures++ == 0 ? "" : "\n") << run;
  }
  return failures == 0 ? absl::OkStatus() : absl::AbortedError(text.str());
}

const char* to_string(PendingJob::Reason reason) {
  switch (reason) {
    case PendingJob::kQueued:
      return "queued";
    case PendingJob::kNotDue:
      return "not due";
    case PendingJob::kFiltered:
      return "filtered";
    case PendingJob::kAwaitingCommit:
      return "awaiting commit";
    case PendingJob::kOverLimit:
      return "over limit";
  }
  return "unknown reason";
}

std::ostream& operator<<(std::ostream& out, const JobRun& run) {
  out << "job '" << run.name << "' (" << run.id << ", submitted at " << run.where << ")";
  if (run.outcome == JobRun::kSucceeded) return out << " succeeded";
  out << " failed: " << run.error;
  if (!run.ancestors.empty()) out << "\n  " << describe_ancestors(run.ancestors);
  return out;
}

std::ostream& operator<<(std::ostream& out, const PendingJob& job) {
  out << "job '" << job.name << "' (";
  if (job.id) out << job.id << ", ";
  out << "submitted at " << job.where << "): " << to_string(job.reason);
  if (job.reason == PendingJob::kNotDue) {
    out << " until " << absl::FormatTime("%Y-%m-%d %H:%M:%E*S", job.due, absl::UTCTimeZone())
        << " of the simulated clock";
  }
  if (!job.executor.empty()) out << ", on executor '" << job.executor << "'";
  if (!job.ancestors.empty()) out << "\n    " << describe_ancestors(job.ancestors);
  return out;
}

std::ostream& operator<<(std::ostream& out, const DrainReport& report) {
  out << report.runs.size() << " run, " << report.pending.size() << " pending";
  // Of very many runs the first few, and those that failed.
  std::size_t listed = 0, failures = 0;
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const JobRun& run = report.runs[i];
    const bool failed = run.outcome == JobRun::kFailed;
    if (i >= kMostListed && (!failed || failures == kMostListed)) continue;
    out << "\n  " << run;
    ++listed;
    failures += failed ? 1 : 0;
  }
  print_others(out, report.runs.size() - listed, "run");
  for (std::size_t i = 0; i < report.pending.size() && i < kMostListed; ++i) {
    out << "\n  pending: " << report.pending[i];
  }
  print_others(out, report.pending.size() - std::min(kMostListed, report.pending.size()),
               "pending");
  if (!report.limit.ok()) out << "\n  " << report.limit.message();
  return out;
}

}  // namespace drydock
