// GoogleMock matchers over executors, simulations and drain reports.
//
//   EXPECT_THAT(executor(), has_pending("send_confirmation", times(1)));
//   EXPECT_THAT(drain(), has_run("send_confirmation"));
//   EXPECT_THAT(executor(), drained());
//
// A mismatch prints what is there instead, the nearest first, and for each why it is no match. What
// else than its name a job must have stands in a `JobPattern`:
//
//   EXPECT_THAT(executor(), has_pending({.name = "remind", .due = clock.now() + absl::Hours(24)}));
//
// For what one block of a test has submitted, ask about the jobs since a mark:
//
//   const auto before = simulation.mark();
//   service.register_user("ada@example.org");
//   EXPECT_THAT(simulation.pending_since(before), has_pending("send_confirmation", times(1)));
//
// Matchers over the journal, which this header brings with it, stand in
// drydock/testing/event_matchers.h.
#ifndef DRYDOCK_TESTING_MATCHERS_H_
#define DRYDOCK_TESTING_MATCHERS_H_

#include <gmock/gmock.h>
#include <concepts>

#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/drain.h"
#include "drydock/simulation.h"
#include "drydock/testing/event_matchers.h"
#include "drydock/testing/times.h"

namespace drydock {

// Which jobs to count. What is left out, any job has.
struct JobPattern {
  std::string name = {};
  // On the simulated clock.
  std::optional<absl::Time> due = {};
  // The name of the executor that it was submitted to.
  std::optional<std::string> executor = {};
  // The name of the job that submitted it; "": it was submitted outside of any job.
  std::optional<std::string> parent = {};
  // Where it was submitted: "signup.cc:31", or "signup.cc".
  std::string where = {};
};

// The executor or simulation as messages print it; what is pending the matchers say.
void PrintTo(const DeferredExecutor& executor, std::ostream* out);
void PrintTo(const Simulation& simulation, std::ostream* out);

namespace internal {

// The judgements behind the matchers, in one place for all types that they take. `why` may be null.
bool explain_pending(const std::vector<PendingJob>& pending, const JobPattern& pattern,
                     std::optional<int> times, std::ostream* why);
bool explain_drained(const std::vector<PendingJob>& pending, std::ostream* why);
bool explain_runs(const DrainReport& report, const JobPattern& pattern, std::optional<int> times,
                  std::ostream* why);
const JobRun* find_failure(const DrainReport& report, const std::string& name, std::ostream* why);
// " of 'x', on executor 'mail'"; `of` stands before the name, where there is one.
std::string describe_pattern(const JobPattern& pattern, const std::string& of);

inline std::vector<PendingJob> pending_of(const DeferredExecutor& executor) {
  return executor.pending();
}
inline std::vector<PendingJob> pending_of(const Simulation& simulation) {
  return simulation.pending();
}
inline std::vector<PendingJob> pending_of(const DrainReport& report) { return report.pending; }
inline const std::vector<PendingJob>& pending_of(const std::vector<PendingJob>& pending) {
  return pending;
}

class HasPending {
 public:
  HasPending(JobPattern pattern, std::optional<int> times)
      : pattern_(std::move(pattern)), times_(times) {}
  template <class Subject>
  bool MatchAndExplain(const Subject& subject, ::testing::MatchResultListener* listener) const {
    return explain_pending(pending_of(subject), pattern_, times_, listener->stream());
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  JobPattern pattern_;
  std::optional<int> times_;
};

class Drained {
 public:
  template <class Subject>
  bool MatchAndExplain(const Subject& subject, ::testing::MatchResultListener* listener) const {
    return explain_drained(pending_of(subject), listener->stream());
  }
  void DescribeTo(std::ostream* out) const { *out << "has no pending job"; }
  void DescribeNegationTo(std::ostream* out) const { *out << "has a pending job"; }
};

class HasRun {
 public:
  HasRun(JobPattern pattern, std::optional<int> times)
      : pattern_(std::move(pattern)), times_(times) {}
  bool MatchAndExplain(const DrainReport& report, ::testing::MatchResultListener* listener) const {
    return explain_runs(report, pattern_, times_, listener->stream());
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  JobPattern pattern_;
  std::optional<int> times_;
};

}  // namespace internal

// Of a `DeferredExecutor`, a `Simulation`, a `DrainReport` or a list of pending jobs: such a job
// has not run.
inline auto has_pending(JobPattern pattern) {
  return ::testing::MakePolymorphicMatcher(internal::HasPending(std::move(pattern), std::nullopt));
}
inline auto has_pending(JobPattern pattern, Times times) {
  return ::testing::MakePolymorphicMatcher(internal::HasPending(std::move(pattern), times.count));
}
// A template: GCC 12 takes the braces of a JobPattern for a string as well.
template <std::convertible_to<std::string> Name>
auto has_pending(Name&& name) {
  return has_pending(JobPattern{.name = std::forward<Name>(name)});
}
template <std::convertible_to<std::string> Name>
auto has_pending(Name&& name, Times times) {
  return has_pending(JobPattern{.name = std::forward<Name>(name)}, times);
}

// Of the same: every job has run.
inline auto drained() { return ::testing::MakePolymorphicMatcher(internal::Drained()); }

// Of a `DrainReport`: such a job ran, well or not. (The report knows the name of a job's parent
// where that ran in the same drain.)
inline auto has_run(JobPattern pattern) {
  return ::testing::MakePolymorphicMatcher(internal::HasRun(std::move(pattern), std::nullopt));
}
inline auto has_run(JobPattern pattern, Times times) {
  return ::testing::MakePolymorphicMatcher(internal::HasRun(std::move(pattern), times.count));
}
template <std::convertible_to<std::string> Name>
auto has_run(Name&& name) {
  return has_run(JobPattern{.name = std::forward<Name>(name)});
}
template <std::convertible_to<std::string> Name>
auto has_run(Name&& name, Times times) {
  return has_run(JobPattern{.name = std::forward<Name>(name)}, times);
}

// Of a `DrainReport`: a job of this name failed with an error that matches.
MATCHER_P2(has_failed, name, error_matcher,
           std::string(negation ? "has no failed run of '" : "has a failed run of '") + name +
               "' whose error " + ::testing::DescribeMatcher<const std::string&>(error_matcher)) {
  const JobRun* run = internal::find_failure(arg, name, result_listener->stream());
  return run != nullptr &&
         ::testing::ExplainMatchResult(error_matcher, run->error, result_listener);
}

}  // namespace drydock

#endif  // DRYDOCK_TESTING_MATCHERS_H_
