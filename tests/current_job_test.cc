#include "drydock/current_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace drydock {
namespace {

using ::testing::SizeIs;

TEST(CurrentJob, IsEmptyOutsideAJob) {
  EXPECT_FALSE(current_job().has_value());
  EXPECT_EQ(describe_current_job(), "code outside any job");
}

TEST(CurrentJob, IsTheJobThatTheThreadRuns) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  std::string described;
  JobId id;
  const JobId submitted = executor.submit(
      {.name = "send"},
      [&] {
        described = describe_current_job();
        id = current_job()->id();
        EXPECT_EQ(current_job()->name(), "send");
        EXPECT_EQ(current_job()->where(), where);
        EXPECT_FALSE(current_job()->parent());
      },
      where);
  executor.drain();
  EXPECT_EQ(id, submitted);
  EXPECT_EQ(described, "job 'send' (#1, submitted at " + where.to_string() + ")");
  EXPECT_FALSE(current_job().has_value());
}

TEST(CurrentJob, IsAnotherOnAnotherThread) {
  InlineExecutor executor;
  bool in_job = true;
  executor.submit([&] { std::thread([&] { in_job = current_job().has_value(); }).join(); });
  EXPECT_FALSE(in_job);
}

TEST(CurrentJob, KnowsItsSubmitters) {
  DeferredExecutor executor;
  bool ran = false;
  const JobId parent = executor.submit({.name = "import"}, [&] {
    executor.submit({.name = "row"}, [&] {
      ran = true;
      EXPECT_EQ(current_job()->generation(), 1);
      EXPECT_THAT(current_job()->ancestors(), SizeIs(1));
      EXPECT_EQ(current_job()->ancestors().front().name, "import");
    });
  });
  executor.drain();
  EXPECT_EQ(parent, JobId(1));
  EXPECT_TRUE(ran);
}

TEST(CurrentJob, IsTheInnermostWhereOneRunsInsideAnother) {
  DeferredExecutor outer;
  InlineExecutor inner;  // a simulation of its own, so its job runs inside the outer one
  std::string name;
  std::string name_after;
  outer.submit({.name = "outer"}, [&] {
    inner.submit({.name = "inner"}, [&] { name = current_job()->name(); });
    name_after = current_job()->name();
  });
  outer.drain();
  EXPECT_EQ(name, "inner");
  EXPECT_EQ(name_after, "outer");
}

}  // namespace
}  // namespace drydock
