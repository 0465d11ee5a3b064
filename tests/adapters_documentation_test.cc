// docs/adapters.md says of each executor what executor_promises.h says, by which
// executor_conformance_test.cc tests it.
//
// The test starts in the root of the workspace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/executor_promises.h"

namespace drydock {
namespace {

using ::testing::ElementsAreArray;
using ::testing::SizeIs;

std::string_view order_of(const ExecutorPromises& promises) {
  return promises.order == ExecutorPromises::Order::kStart ? "start in order"
                                                           : "one at a time, in order";
}

std::string_view shutdown_of(const ExecutorPromises& promises) {
  if (promises.shutdown) return "yes";
  return promises.threads ? "of its base" : "nothing to end";
}

std::string row_of(const ExecutorPromises& promises) {
  const std::string executor = promises.executor;
  const std::string driven = executor == "InlineExecutor" ? "in `submit`" : "in `drain`";
  std::string row = "| " + executor + " | ";
  row += std::string(order_of(promises)) + " | ";
  row += std::string(promises.real_time ? "real time" : "simulated") + " | ";
  row += std::string(promises.threads ? "yes" : driven) + " | ";
  row += std::string(shutdown_of(promises)) + " | ";
  row += std::string(promises.bounded ? "yes" : "no") + " | ";
  row += std::string(promises.failure_handler ? "failure handler" : "simulation") + " |";
  return row;
}

// The rows of the table under "What each promises", without its head.
std::vector<std::string> documented_rows() {
  std::ifstream document("docs/adapters.md");
  std::vector<std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line.rfind("## ", 0) == 0) inside = line == "## What each promises";
    if (inside && line.rfind("| ", 0) == 0) rows.push_back(line);
  }
  if (!rows.empty()) rows.erase(rows.begin());
  return rows;
}

TEST(AdaptersDocumentationTest, TheTableIsThatOfTheConformanceSuite) {
  std::vector<std::string> rows;
  for (const ExecutorPromises& promises : kAllPromises) rows.push_back(row_of(promises));
  EXPECT_THAT(rows, SizeIs(11));
  EXPECT_THAT(documented_rows(), ElementsAreArray(rows));
}

}  // namespace
}  // namespace drydock
