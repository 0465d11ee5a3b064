#include "drydock/testing/matchers.h"

#include <algorithm>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace drydock {
namespace {

void print_pending(const std::vector<PendingJob>& pending, std::ostream* out) {
  *out << pending.size() << " pending";
  for (const PendingJob& job : pending) *out << "\n  " << job;
}

}  // namespace

void PrintTo(const DeferredExecutor& executor, std::ostream* out) {
  *out << "DeferredExecutor";
  if (!executor.name().empty()) *out << " '" << executor.name() << "'";
  *out << " with ";
  print_pending(executor.pending(), out);
}

void PrintTo(const Simulation& simulation, std::ostream* out) {
  *out << "Simulation with ";
  print_pending(simulation.pending(), out);
}

namespace internal {
namespace {

bool enough(int found, std::optional<int> times) { return times ? found == *times : found > 0; }

// Listeners of `EXPECT_THAT` with nobody reading have no stream.
std::ostream& stream_or(std::ostream* why, std::ostringstream& nowhere) {
  return why == nullptr ? nowhere : *why;
}

}  // namespace

std::string describe_count(std::optional<int> times) {
  if (!times) return "at least one";
  return *times == 0 ? "no" : "exactly " + std::to_string(*times);
}

bool explain_pending(const std::vector<PendingJob>& pending, const std::string& name,
                     std::optional<int> times, std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = stream_or(why, nowhere);
  const auto named = [&](const PendingJob& job) { return job.name == name; };
  const auto found = static_cast<int>(std::count_if(pending.begin(), pending.end(), named));
  out << "of whose " << pending.size() << " pending jobs " << found << (found == 1 ? " is" : " are")
      << " named '" << name << "'";
  for (const PendingJob& job : pending) {
    out << "\n  " << (named(job) ? "counted: " : "not counted, for its name: ") << job;
  }
  return enough(found, times);
}

bool explain_drained(const std::vector<PendingJob>& pending, std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = stream_or(why, nowhere);
  out << "which has ";
  print_pending(pending, &out);
  return pending.empty();
}

bool explain_runs(const DrainReport& report, const std::string& name, std::optional<int> times,
                  std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = stream_or(why, nowhere);
  const auto named = [&](const JobRun& run) { return run.name == name; };
  const auto found = static_cast<int>(std::count_if(report.runs.begin(), report.runs.end(), named));
  out << "of whose " << report.runs.size() << " runs " << found << (found == 1 ? " is" : " are")
      << " of '" << name << "'";
  for (const JobRun& run : report.runs) {
    out << "\n  " << (named(run) ? "counted: " : "not counted, for its name: ") << run;
  }
  for (const PendingJob& job : report.pending) {
    if (job.name == name) out << "\n  not run: " << job;
  }
  return enough(found, times);
}

const JobRun* find_failure(const DrainReport& report, const std::string& name, std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = stream_or(why, nowhere);
  const auto failed = [&](const JobRun& run) {
    return run.name == name && run.outcome == JobRun::kFailed;
  };
  const auto found = std::find_if(report.runs.begin(), report.runs.end(), failed);
  if (found != report.runs.end()) {
    out << "whose run failed with \"" << found->error << "\", ";
    return &*found;
  }
  out << "which has no failed run of '" << name << "'";
  for (const JobRun& run : report.runs) out << "\n  " << run;
  return nullptr;
}

void HasPending::DescribeTo(std::ostream* out) const {
  *out << "has " << describe_count(times_) << " pending job named '" << name_ << "'";
}
void HasPending::DescribeNegationTo(std::ostream* out) const {
  *out << "has not " << describe_count(times_) << " pending job named '" << name_ << "'";
}
void HasRun::DescribeTo(std::ostream* out) const {
  *out << "has " << describe_count(times_) << " run of '" << name_ << "'";
}
void HasRun::DescribeNegationTo(std::ostream* out) const {
  *out << "has not " << describe_count(times_) << " run of '" << name_ << "'";
}

}  // namespace internal
}  // namespace drydock
