// What the matchers over jobs say, word for word.

#include "drydock/testing/matchers.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "drydock/deferred_executor.h"
#include "drydock/simulation.h"

namespace drydock {
namespace {

using ::testing::DescribeMatcher;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StringMatchResultListener;

template <class Subject, class Matcher>
std::string explain(const Subject& subject, const Matcher& matcher) {
  StringMatchResultListener listener;
  ::testing::ExplainMatchResult(matcher, subject, &listener);
  return listener.str();
}

template <class Subject, class Matcher>
std::string describe(const Matcher& matcher) {
  return DescribeMatcher<const Subject&>(matcher);
}

class MatchersTest : public ::testing::Test {
 protected:
  // All are submitted at the same place.
  void submit(DeferredExecutor& executor, const std::string& name,
              absl::Duration delay = absl::ZeroDuration()) {
    executor.submit(
        {.name = name, .delay = delay}, [] {}, where_);
  }

  const SourceLocation where_ = SourceLocation::current();
  const std::string place_ = where_.to_string();
  Simulation simulation_;
  DeferredExecutor mail_{simulation_, "mail"};
  DeferredExecutor web_{simulation_, "web"};
};

TEST_F(MatchersTest, a_pending_job_is_known_by_its_name) {
  submit(mail_, "send");
  EXPECT_THAT(mail_, has_pending("send"));
  EXPECT_THAT(simulation_, has_pending("send", times(1)));
  EXPECT_THAT(web_, Not(has_pending("send")));
  EXPECT_THAT(mail_, Not(has_pending("send", times(2))));
  EXPECT_THAT(mail_, has_pending("report", times(0)));
}

TEST_F(MatchersTest, a_failure_prints_what_is_pending_instead) {
  submit(mail_, "send_confirmation");
  const std::string text =
      "Value of: mail_\n"
      "Expected: has exactly 1 pending job 'send_confirmatoin'\n"
      "  Actual: DeferredExecutor 'mail' with 1 pending job (of type drydock::DeferredExecutor), "
      "where 0 of 1 pending jobs match\n"
      "  not counted, for its name: job 'send_confirmation' (#1, submitted at " +
      place_ +
      "): queued, on executor 'mail'\n"
      "  Did you mean 'send_confirmation'?";
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(mail_, has_pending("send_confirmatoin", times(1))), text);
}

TEST_F(MatchersTest, a_failure_prints_the_nearest_first_and_what_each_has_otherwise) {
  const absl::Time start = simulation_.clock().now();
  submit(web_, "report");
  submit(mail_, "send", absl::Minutes(7));
  submit(web_, "send", absl::Minutes(5));
  submit(mail_, "send", absl::Minutes(5));
  submit(mail_, "sent", absl::Minutes(5));
  const JobPattern pattern = {
      .name = "send", .due = start + absl::Minutes(5), .executor = "mail", .parent = ""};
  EXPECT_THAT(simulation_, has_pending(pattern, times(1)));
  EXPECT_EQ(
      explain(simulation_, has_pending(pattern, times(2))),
      "where 1 of 5 pending jobs matches\n"
      "  counted: job 'send' (#4, submitted at " +
          place_ +
          "): not due until 2000-01-01 00:05:00 of the simulated clock, on executor 'mail'\n"
          "  not counted, for its executor 'web': job 'send' (#3, submitted at " +
          place_ +
          "): not due until 2000-01-01 00:05:00 of the simulated clock, on executor 'web'\n"
          "  not counted, for its due time (2m later): job 'send' (#2, submitted at " +
          place_ +
          "): not due until 2000-01-01 00:07:00 of the simulated clock, on executor 'mail'\n"
          "  not counted, for its name: job 'sent' (#5, submitted at " +
          place_ +
          "): not due until 2000-01-01 00:05:00 of the simulated clock, on executor 'mail'\n"
          "  not counted, for its name, its due time (5m earlier) and its executor 'web': job "
          "'report' (#1, submitted at " +
          place_ + "): queued, on executor 'web'");
}

TEST_F(MatchersTest, a_job_is_known_by_its_submitter_and_by_its_place) {
  mail_.submit(
      {.name = "import"}, [this] { submit(web_, "row"); }, where_);
  submit(web_, "row");
  mail_.drain();
  EXPECT_THAT(simulation_, has_pending({.name = "row", .parent = "import"}, times(1)));
  EXPECT_THAT(simulation_, has_pending({.name = "row", .parent = ""}, times(1)));
  EXPECT_THAT(simulation_, has_pending({.where = "matchers_test.cc"}, times(2)));
  EXPECT_THAT(simulation_, has_pending({.where = place_}, times(2)));
  EXPECT_THAT(simulation_, has_pending({.where = where_.short_name()}, times(2)));
  EXPECT_EQ(explain(simulation_, has_pending({.parent = "import", .where = "signup.cc"})),
            "where 0 of 2 pending jobs match\n"
            "  not counted, for its place: job 'row' (#3, submitted at " +
                place_ +
                "): queued, on executor 'web'\n    submitted by 'import' (#1, submitted at " +
                place_ +
                ")\n"
                "  not counted, for its lack of a submitter and its place: job 'row' (#2, "
                "submitted at " +
                place_ + "): queued, on executor 'web'");
  EXPECT_THAT(explain(simulation_, has_pending({.parent = "export"})),
              HasSubstr("not counted, for its submitter 'import': job 'row' (#3"));
}

TEST_F(MatchersTest, of_many_jobs_the_first_ten_are_listed) {
  for (int i = 0; i < 12; ++i) submit(mail_, "send");
  const std::string text = explain(mail_, has_pending("send", times(2)));
  EXPECT_THAT(text, HasSubstr("where 12 of 12 pending jobs match\n  counted: job 'send' (#1, "));
  EXPECT_THAT(text, HasSubstr("job 'send' (#10, "));
  EXPECT_THAT(text, Not(HasSubstr("job 'send' (#11, ")));
  EXPECT_THAT(text, ::testing::EndsWith("\n  … and 2 more"));
  EXPECT_THAT(explain(mail_, drained()), ::testing::EndsWith("\n  … and 2 more"));
}

TEST_F(MatchersTest, what_was_submitted_since_a_mark) {
  submit(mail_, "before");
  const SimulationMark mark = simulation_.mark();
  EXPECT_THAT(simulation_.pending_since(mark), drained());
  submit(mail_, "after");
  EXPECT_THAT(simulation_.pending_since(mark), has_pending("after", times(1)));
  EXPECT_THAT(simulation_.pending_since(mark), Not(has_pending("before")));
}

TEST_F(MatchersTest, drained_lists_what_is_pending) {
  EXPECT_THAT(simulation_, drained());
  submit(mail_, "send");
  EXPECT_THAT(web_, drained());
  EXPECT_NONFATAL_FAILURE(
      EXPECT_THAT(simulation_, drained()),
      "Expected: has no pending job\n"
      "  Actual: Simulation with 1 pending job (of type drydock::Simulation), which has\n"
      "  job 'send' (#1, submitted at " +
          place_ + "): queued, on executor 'mail'");
}

TEST_F(MatchersTest, a_run_is_told_from_what_has_not_run) {
  submit(mail_, "send");
  submit(mail_, "sent");
  const DrainReport report = mail_.drain({.only = {"sent"}});
  EXPECT_THAT(report, has_run("sent", times(1)));
  EXPECT_THAT(report, has_run({.executor = "mail"}));
  EXPECT_THAT(report, has_pending("send"));
  EXPECT_EQ(explain(report, has_run("send")),
            "where 0 of 1 runs match\n"
            "  not counted, for its name: job 'sent' (#2, submitted at " +
                place_ +
                ") succeeded\n"
                "  Did you mean 'sent'?\n"
                "  not run: job 'send' (#1, submitted at " +
                place_ + "): filtered, on executor 'mail'");
}

TEST_F(MatchersTest, a_run_is_known_by_the_job_that_submitted_it) {
  mail_.submit({.name = "import"}, [this] { submit(mail_, "row"); });
  const DrainReport report = mail_.drain();
  EXPECT_THAT(report, has_run({.name = "row", .parent = "import"}));
  EXPECT_THAT(report, has_run({.parent = ""}, times(1)));
  EXPECT_THAT(report, Not(has_run({.name = "row", .parent = ""})));
}

TEST_F(MatchersTest, a_failed_run_is_known_by_its_error) {
  mail_.submit(
      {.name = "send"}, [] { throw std::runtime_error("no mail server"); }, where_);
  submit(mail_, "sent");
  const DrainReport report = mail_.drain();
  EXPECT_THAT(report, has_failed("send", HasSubstr("no mail server")));
  EXPECT_THAT(report, Not(has_failed("send", HasSubstr("disk full"))));
  EXPECT_EQ(explain(report, has_failed("sent", HasSubstr("no mail server"))),
            "which has no failed run of 'sent'\n"
            "  not counted, for its success: job 'sent' (#2, submitted at " +
                place_ +
                ") succeeded\n"
                "  not counted, for its name: job 'send' (#1, submitted at " +
                place_ + ") failed: std::runtime_error: no mail server");
  EXPECT_EQ(mail_.simulation().take_failures().size(), 1U);
}

TEST_F(MatchersTest, describe_themselves) {
  const auto pending = [](const auto& matcher) { return describe<Simulation>(matcher); };
  EXPECT_EQ(pending(has_pending("a")), "has at least one pending job 'a'");
  EXPECT_EQ(pending(has_pending("a", times(0))), "has no pending job 'a'");
  EXPECT_EQ(pending(has_pending("a", times(2))), "has exactly 2 pending jobs 'a'");
  EXPECT_EQ(pending(Not(has_pending("a"))), "has no pending job 'a'");
  EXPECT_EQ(pending(Not(has_pending("a", times(0)))), "has at least one pending job 'a'");
  EXPECT_EQ(pending(Not(has_pending("a", times(2)))),
            "has another number than 2 of pending jobs 'a'");
  EXPECT_EQ(pending(has_pending({.due = absl::UnixEpoch() + absl::Seconds(90),
                                 .executor = "mail",
                                 .parent = "import",
                                 .where = "signup.cc:31"})),
            "has at least one pending job, due at 1970-01-01 00:01:30, on executor 'mail', "
            "submitted by 'import', submitted at signup.cc:31");
  EXPECT_EQ(pending(has_pending({.parent = ""})),
            "has at least one pending job, submitted outside of any job");
  EXPECT_EQ(pending(Not(drained())), "has a pending job");
  EXPECT_EQ(describe<DrainReport>(has_run("a", times(1))), "has exactly 1 run of 'a'");
  EXPECT_EQ(describe<DrainReport>(has_run({.executor = "mail"})),
            "has at least one run, on executor 'mail'");
  EXPECT_EQ(describe<DrainReport>(Not(has_run("a"))), "has no run of 'a'");
  EXPECT_EQ(describe<DrainReport>(has_failed("a", HasSubstr("full"))),
            "has a failed run of 'a' whose error has substring \"full\"");
}

}  // namespace
}  // namespace drydock
