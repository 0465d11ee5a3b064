// Every row of the table runs under both strategies. What they answer is equal, or the row says
// that it differs, and docs/fidelity.md says why.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/sandbox.h"
#include "drydock/test_database.h"
#include "tests/fidelity_row.h"

namespace drydock {
namespace {

using ::testing::HasSubstr;

std::vector<FidelityRow> all_rows() {
  std::vector<FidelityRow> rows = error_rows();
  for (const auto& more : {commit_rows(), session_rows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

std::string document() {
  std::ifstream file("docs/fidelity.md");
  if (!file) throw std::runtime_error("docs/fidelity.md is not there");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class FidelityTest : public ::testing::TestWithParam<FidelityRow> {
 protected:
  static std::string run_under(Strategy strategy) {
    static absl::StatusOr<TestDatabase> database =
        TestDatabase::open({.schema_sql = kFidelitySchema});
    if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
    Sandbox sandbox(*database, {.strategy = strategy, .restart_sequences = true});
    const std::string seen = run_row(GetParam(), sandbox.database());
    EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
    return seen;
  }
};

TEST_P(FidelityTest, is_the_same_under_both_strategies_or_listed) {
  const std::string real = run_under(Strategy::kClone);
  const std::string sandboxed = run_under(Strategy::kTransaction);
  const std::string entry = "| " + GetParam().name + " |";
  if (GetParam().differs) {
    EXPECT_NE(sandboxed, real) << "it does not differ any more: take it off docs/fidelity.md";
    EXPECT_THAT(document(), HasSubstr(entry));
  } else {
    EXPECT_EQ(sandboxed, real);
    EXPECT_THAT(document(), ::testing::Not(HasSubstr(entry)));
  }
}

std::string test_name(const ::testing::TestParamInfo<FidelityRow>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(behaviours, FidelityTest, ::testing::ValuesIn(all_rows()), test_name);

TEST(FidelityTable, has_the_rows_that_were_promised) {
  std::set<std::string> names;
  for (const FidelityRow& row : all_rows()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  EXPECT_GE(names.size(), 60);
}

}  // namespace
}  // namespace drydock
