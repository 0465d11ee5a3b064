#include "drydock/finding.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace drydock {
namespace {

TEST(Finding, IsNamedAsTheCodeNamesIt) {
  const std::pair<Finding::Kind, std::string> names[] = {
      {Finding::kSubmittedInTransaction, "kSubmittedInTransaction"},
      {Finding::kEscaped, "kEscaped"},
      {Finding::kUndrained, "kUndrained"},
      {Finding::kLateAccess, "kLateAccess"},
      {Finding::kRunaway, "kRunaway"},
      {Finding::kNotIdempotent, "kNotIdempotent"},
      {Finding::kContextLeaked, "kContextLeaked"},
      {Finding::kBlockedSubmit, "kBlockedSubmit"}};
  for (const auto& [kind, name] : names) {
    EXPECT_EQ(to_string(kind), name);
    EXPECT_EQ(::testing::PrintToString(kind), name);
  }
}

TEST(Finding, PrintsItsKindAndMessage) {
  EXPECT_EQ(::testing::PrintToString(Finding{Finding::kEscaped, "COMMIT was tried."}),
            "drydock finding kEscaped: COMMIT was tried.");
}

}  // namespace
}  // namespace drydock
