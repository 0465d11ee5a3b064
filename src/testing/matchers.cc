#include "drydock/testing/matchers.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "src/testing/near_misses.h"

namespace drydock {
namespace {

void print_count(std::size_t pending, std::ostream& out) {
  out << pending << (pending == 1 ? " pending job" : " pending jobs");
}

}  // namespace

// The matchers list the jobs.
void PrintTo(const DeferredExecutor& executor, std::ostream* out) {
  *out << "DeferredExecutor";
  if (!executor.name().empty()) *out << " '" << executor.name() << "'";
  *out << " with ";
  print_count(executor.pending_count(), *out);
}

void PrintTo(const Simulation& simulation, std::ostream* out) {
  *out << "Simulation with ";
  print_count(simulation.pending().size(), *out);
}

namespace internal {
namespace {

// Where nobody reads what a matcher says, it has no stream.
std::ostream& stream_or(std::ostream* why, std::ostringstream& nowhere) {
  return why == nullptr ? nowhere : *why;
}

template <class Item>
std::string text_of(const Item& item) {
  std::ostringstream text;
  text << item;
  return text.str();
}

std::string describe_time(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%E*S", time, absl::UTCTimeZone());
}

// "signup.cc:31" and "signup.cc" are the end of "app/signup.cc:31", or of what it is before the
// colon.
bool is_at(const SourceLocation& where, const std::string& wanted) {
  const std::string place = where.to_string();
  const std::string_view file = std::string_view(place).substr(0, place.rfind(':'));
  for (const std::string_view text : {std::string_view(place), file}) {
    if (text == wanted || text.ends_with("/" + wanted)) return true;
  }
  return false;
}

// What of the job is not as the pattern has it. `parent`: the name of its submitter, "" without
// one.
template <class SomeJob>
std::vector<std::string> misses(const JobPattern& pattern, const SomeJob& job,
                                const std::string& parent) {
  std::vector<std::string> found;
  if (!pattern.name.empty() && job.name != pattern.name) found.emplace_back("its name");
  if (pattern.due && job.due != *pattern.due) {
    const absl::Duration late = job.due - *pattern.due;
    found.push_back("its due time (" + absl::FormatDuration(absl::AbsDuration(late)) +
                    (late > absl::ZeroDuration() ? " later)" : " earlier)"));
  }
  if (pattern.executor && job.executor != *pattern.executor) {
    found.push_back("its executor '" + job.executor + "'");
  }
  if (pattern.parent && parent != *pattern.parent) {
    found.push_back(parent.empty() ? "its lack of a submitter" : "its submitter '" + parent + "'");
  }
  if (!pattern.where.empty() && !is_at(job.where, pattern.where)) found.emplace_back("its place");
  return found;
}

std::string parent_of(const PendingJob& job) {
  return job.ancestors.empty() ? "" : job.ancestors.front().name;
}

std::string parent_of(const JobRun& run, const std::vector<JobRun>& runs) {
  if (!run.ancestors.empty()) return run.ancestors.front().name;
  const auto parent = std::find_if(runs.begin(), runs.end(),
                                   [&](const JobRun& other) { return other.id == run.parent; });
  if (parent != runs.end()) return parent->name;
  return run.parent ? "#" + std::to_string(run.parent.value()) : "";
}

void print_total(std::ostream& out, std::size_t total, const char* things, int counted) {
  out << "where " << counted << " of " << total << " " << things
      << (counted == 1 ? " matches" : " match");
}

}  // namespace

std::string describe_pattern(const JobPattern& pattern, const std::string& of) {
  std::string text = pattern.name.empty() ? "" : of + " '" + pattern.name + "'";
  if (pattern.due) text += ", due at " + describe_time(*pattern.due);
  if (pattern.executor) text += ", on executor '" + *pattern.executor + "'";
  if (pattern.parent) {
    text += pattern.parent->empty() ? ", submitted outside of any job"
                                    : ", submitted by '" + *pattern.parent + "'";
  }
  if (!pattern.where.empty()) text += ", submitted at " + pattern.where;
  return text;
}

bool explain_pending(const std::vector<PendingJob>& pending, const JobPattern& pattern,
                     std::optional<int> times, std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = stream_or(why, nowhere);
  NearMisses jobs;
  for (const PendingJob& job : pending) {
    jobs.add(text_of(job), misses(pattern, job, parent_of(job)), job.name);
  }
  print_total(out, pending.size(), "pending jobs", jobs.counted());
  jobs.print(out, pattern.name);
  return enough(jobs.counted(), times);
}

bool explain_drained(const std::vector<PendingJob>& pending, std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = stream_or(why, nowhere);
  out << (pending.empty() ? "which has none" : "which has");
  for (std::size_t i = 0; i < pending.size() && i < kMostListed; ++i) out << "\n  " << pending[i];
  if (pending.size() > kMostListed) out << "\n  … and " << pending.size() - kMostListed << " more";
  return pending.empty();
}

bool explain_runs(const DrainReport& report, const JobPattern& pattern, std::optional<int> times,
                  std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = stream_or(why, nowhere);
  NearMisses runs;
  for (const JobRun& run : report.runs) {
    runs.add(text_of(run), misses(pattern, run, parent_of(run, report.runs)), run.name);
  }
  print_total(out, report.runs.size(), "runs", runs.counted());
  runs.print(out, pattern.name);
  for (const PendingJob& job : report.pending) {
    if (misses(pattern, job, parent_of(job)).empty()) out << "\n  not run: " << job;
  }
  return enough(runs.counted(), times);
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
  NearMisses runs;
  for (const JobRun& run : report.runs) {
    std::vector<std::string> why_not;
    if (run.name != name) why_not.emplace_back("its name");
    if (run.outcome != JobRun::kFailed) why_not.emplace_back("its success");
    runs.add(text_of(run), std::move(why_not), run.name);
  }
  runs.print(out, name);
  return nullptr;
}

void HasPending::DescribeTo(std::ostream* out) const {
  *out << "has " << describe_count(times_, "pending job") << describe_pattern(pattern_, "");
}
void HasPending::DescribeNegationTo(std::ostream* out) const {
  *out << "has " << describe_other_count(times_, "pending job") << describe_pattern(pattern_, "");
}
void HasRun::DescribeTo(std::ostream* out) const {
  *out << "has " << describe_count(times_, "run") << describe_pattern(pattern_, " of");
}
void HasRun::DescribeNegationTo(std::ostream* out) const {
  *out << "has " << describe_other_count(times_, "run") << describe_pattern(pattern_, " of");
}

}  // namespace internal
}  // namespace drydock
