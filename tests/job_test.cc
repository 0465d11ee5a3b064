#include "drydock/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SubmittedJob make_job(std::uint64_t id, std::string name, Job job,
                      SourceLocation where = SourceLocation::current()) {
  return SubmittedJob(JobId(id), {.name = std::move(name)}, std::move(job), where);
}

template <class Exception>
std::string described(Exception exception) {
  return describe(std::make_exception_ptr(exception));
}

TEST(JobId, OrdersPrintsAndTestsAsAValue) {
  EXPECT_FALSE(JobId());
  EXPECT_TRUE(JobId(1));
  EXPECT_LT(JobId(1), JobId(2));
  std::ostringstream text;
  text << JobId(7);
  EXPECT_EQ(text.str(), "#7");
}

TEST(SubmittedJob, IsNamedAfterItsSubmitWhereNoNameWasGiven) {
  const SourceLocation where = SourceLocation::current();
  EXPECT_EQ(make_job(
                1, "", [] {}, where)
                .name(),
            "job_test.cc:" + std::to_string(where.line()));
  EXPECT_EQ(make_job(
                1, "", [] {}, where)
                .given_name(),
            "");
  EXPECT_EQ(make_job(
                1, "send", [] {}, where)
                .name(),
            "send");
}

TEST(SubmittedJob, RefusesAnEmptyJob) {
  const SourceLocation where = SourceLocation::current();
  try {
    make_job(1, "send", Job(), where);
    FAIL() << "was taken";
  } catch (const std::invalid_argument& e) {
    EXPECT_EQ(std::string(e.what()),
              "drydock: submit() at " + where.to_string() +
                  " was given an empty job. Pass a callable that takes no arguments.");
  }
}

TEST(SubmittedJob, TakesANegativeDelayForNone) {
  const SubmittedJob job(JobId(1), {.delay = -absl::Seconds(3)}, [] {}, {});
  EXPECT_EQ(job.delay(), absl::ZeroDuration());
}

TEST(SubmittedJob, HandsOverTheException) {
  const JobResult good = make_job(1, "", [] {}).run();
  EXPECT_EQ(good.error, nullptr);
  const JobResult bad = make_job(1, "", [] { throw std::runtime_error("no mail server"); }).run();
  EXPECT_EQ(describe(bad.error), "std::runtime_error: no mail server");
}

TEST(SubmittedJob, DestroysTheClosureBeforeRunReturns) {
  auto owned = std::make_shared<int>(1);
  SubmittedJob job = make_job(1, "", [owned] {});
  EXPECT_EQ(owned.use_count(), 2);
  job.run();
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(SubmittedJob, KnowsItsSubmitters) {
  std::vector<JobAncestor> ancestors;
  JobId parent;
  int generation = 0;
  std::move(make_job(1, "import", [&] {
    std::move(make_job(2, "row", [&] {
      const SubmittedJob mail = make_job(3, "mail", [] {});
      ancestors = mail.ancestors();
      parent = mail.parent();
      generation = mail.generation();
    })).run();
  })).run();
  EXPECT_EQ(parent, JobId(2));
  EXPECT_EQ(generation, 2);
  ASSERT_THAT(ancestors, SizeIs(2));
  EXPECT_EQ(ancestors[0].name, "row");
  EXPECT_EQ(ancestors[1].name, "import");
  EXPECT_EQ(describe_ancestors(ancestors),
            "submitted by 'row' (#2, submitted at " + ancestors[0].where.to_string() +
                "), itself by 'import' (#1, submitted at " + ancestors[1].where.to_string() + ")");
}

TEST(SubmittedJob, HasNoSubmittersOutsideAJob) {
  const SubmittedJob job = make_job(1, "", [] {});
  EXPECT_FALSE(job.parent());
  EXPECT_EQ(job.generation(), 0);
  EXPECT_THAT(job.ancestors(), IsEmpty());
  EXPECT_EQ(describe_ancestors(job.ancestors()), "");
}

// Runs a chain of jobs, each submitted by the one before, and returns the last one's submitters.
std::vector<JobAncestor> submitters_after(int jobs) {
  SubmittedJob last = make_job(1, "job 1", [] {});
  for (int i = 2; i <= jobs; ++i) {
    std::vector<SubmittedJob> next;
    Job submit_next = [&next, i] {
      next.push_back(make_job(static_cast<std::uint64_t>(i), "job " + std::to_string(i), [] {}));
    };
    last.run_as_this(submit_next);
    last = std::move(next.front());
  }
  EXPECT_EQ(last.generation(), jobs - 1);
  return last.ancestors();
}

TEST(SubmittedJob, RemembersTheNearestOfVeryManySubmitters) {
  for (const int jobs : {64, 65, 66, 100, 1'000}) {
    const std::vector<JobAncestor> ancestors = submitters_after(jobs);
    EXPECT_LE(ancestors.size(), 64U) << jobs;
    EXPECT_GE(ancestors.size(), 32U) << jobs;
    EXPECT_EQ(ancestors.front().id, JobId(static_cast<std::uint64_t>(jobs) - 1));
    for (std::size_t i = 1; i < ancestors.size(); ++i) {
      EXPECT_EQ(ancestors[i].id.value() + 1, ancestors[i - 1].id.value());
    }
  }
}

TEST(SubmittedJob, CanBeDecoratedByAnExecutorThatStandsOnAnother) {
  std::vector<std::string> log;
  SubmittedJob job(JobId(1), {.delay = absl::Seconds(1)}, [&] { log.push_back("job"); }, {});
  job.clear_delay();
  job.decorate([&](Job inner) -> Job {
    return [&log, inner = std::move(inner)]() mutable {
      log.push_back("before");
      std::move(inner)();
    };
  });
  EXPECT_EQ(job.delay(), absl::ZeroDuration());
  job.run();
  EXPECT_THAT(log, ElementsAre("before", "job"));
}

struct Plain {};
struct Named : std::exception {
  const char* what() const noexcept override { return "drydock::(anonymous namespace)::Named"; }
};

TEST(Describe, SaysTheTypeAndTheMessage) {
  EXPECT_EQ(describe(nullptr), "");
  EXPECT_EQ(described(std::out_of_range("row 7")), "std::out_of_range: row 7");
  EXPECT_EQ(described(std::string("text")), "a std::string: text");
  EXPECT_EQ(described("text"), "a C string: text");
  EXPECT_EQ(described(Plain()), "an exception of type drydock::(anonymous namespace)::Plain");
  EXPECT_EQ(described(4), "an exception of type int");
}

TEST(Describe, DoesNotRepeatATypeThatIsItsOwnMessage) {
  EXPECT_EQ(described(Named()), "drydock::(anonymous namespace)::Named");
}

}  // namespace
}  // namespace drydock
