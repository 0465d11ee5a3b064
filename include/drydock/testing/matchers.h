// GoogleMock matchers over executors, simulations and drain reports.
//
//   EXPECT_THAT(executor(), has_pending("send_confirmation", times(1)));
//   EXPECT_THAT(drain(), has_run("send_confirmation"));
//   EXPECT_THAT(executor(), drained());
//
// A mismatch prints what is there instead, and for each why it is no match.
#ifndef DRYDOCK_TESTING_MATCHERS_H_
#define DRYDOCK_TESTING_MATCHERS_H_

#include <gmock/gmock.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/drain.h"
#include "drydock/simulation.h"

namespace drydock {

// How often; without it a matcher asks for at least one.
struct Times {
  int count;
};
constexpr Times times(int count) { return {count}; }

// The executor or simulation as messages print it: its pending jobs.
void PrintTo(const DeferredExecutor& executor, std::ostream* out);
void PrintTo(const Simulation& simulation, std::ostream* out);

namespace internal {

// The judgements behind the matchers, in one place for all types that they take.
bool explain_pending(const std::vector<PendingJob>& pending, const std::string& name,
                     std::optional<int> times, std::ostream* why);
bool explain_drained(const std::vector<PendingJob>& pending, std::ostream* why);
bool explain_runs(const DrainReport& report, const std::string& name, std::optional<int> times,
                  std::ostream* why);
const JobRun* find_failure(const DrainReport& report, const std::string& name, std::ostream* why);
std::string describe_count(std::optional<int> times);

inline std::vector<PendingJob> pending_of(const DeferredExecutor& executor) {
  return executor.pending();
}
inline std::vector<PendingJob> pending_of(const Simulation& simulation) {
  return simulation.pending();
}
inline std::vector<PendingJob> pending_of(const DrainReport& report) { return report.pending; }

class HasPending {
 public:
  HasPending(std::string name, std::optional<int> times) : name_(std::move(name)), times_(times) {}
  template <class Subject>
  bool MatchAndExplain(const Subject& subject, ::testing::MatchResultListener* listener) const {
    return explain_pending(pending_of(subject), name_, times_, listener->stream());
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  std::string name_;
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
  HasRun(std::string name, std::optional<int> times) : name_(std::move(name)), times_(times) {}
  bool MatchAndExplain(const DrainReport& report, ::testing::MatchResultListener* listener) const {
    return explain_runs(report, name_, times_, listener->stream());
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  std::string name_;
  std::optional<int> times_;
};

}  // namespace internal

// Of a `DeferredExecutor`, a `Simulation` or a `DrainReport`: a job of this name has not run.
inline auto has_pending(std::string name) {
  return ::testing::MakePolymorphicMatcher(internal::HasPending(std::move(name), std::nullopt));
}
inline auto has_pending(std::string name, Times times) {
  return ::testing::MakePolymorphicMatcher(internal::HasPending(std::move(name), times.count));
}

// Of a `DeferredExecutor`, a `Simulation` or a `DrainReport`: every job has run.
inline auto drained() { return ::testing::MakePolymorphicMatcher(internal::Drained()); }

// Of a `DrainReport`: a job of this name ran, well or not.
inline auto has_run(std::string name) {
  return ::testing::MakePolymorphicMatcher(internal::HasRun(std::move(name), std::nullopt));
}
inline auto has_run(std::string name, Times times) {
  return ::testing::MakePolymorphicMatcher(internal::HasRun(std::move(name), times.count));
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
