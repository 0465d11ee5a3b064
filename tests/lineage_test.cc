#include "src/lineage.h"

#include <gtest/gtest.h>

#include <string>

namespace drydock::internal {
namespace {

LineageRef lineage_of(const std::string& name) {
  return Lineage::make(JobId(1), name, SourceLocation::current(), 0, nullptr);
}

std::string name_in(const LineageRef& lineage) { return lineage.get()->chain().front().name; }

// Whether each share went back exactly once, the address sanitizer says: a share too few is a leak,
// one too many a use after the end.
TEST(ParentsOfEndedJobsTest, GiveBackEachShareOnce) {
  ParentsOfEndedJobs parents;
  {
    const LineageRef first = lineage_of("first");
    const LineageRef second = lineage_of("second");
    for (int i = 0; i < 3; ++i) parents.add(LineageRef(first.get()));
    parents.add(LineageRef(second.get()));
    parents.add(LineageRef(first.get()));
    parents.add(LineageRef());
    parents.add(LineageRef(first.get()));
    EXPECT_EQ(name_in(first), "first");
    EXPECT_EQ(name_in(second), "second");
  }
  parents.let_go();
  parents.let_go();
  parents.add(lineage_of("third"));
}

TEST(ParentsOfEndedJobsTest, LeaveThoseAloneThatOthersStillKnow) {
  const LineageRef lineage = lineage_of("parent");
  {
    ParentsOfEndedJobs parents;
    for (int i = 0; i < 100; ++i) parents.add(LineageRef(lineage.get()));
  }
  EXPECT_EQ(name_in(lineage), "parent");
}

}  // namespace
}  // namespace drydock::internal
