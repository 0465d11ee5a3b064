// Many processes of one test program at the same time, as `ctest -j`, GoogleTest's and Bazel's
// sharding and `--runs_per_test` start them: one server, one template, and nobody meets anybody.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/local_postgres_fixture.h"

namespace drydock::internal {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// A run of the suite, from its start on.
class SuiteRun {
 public:
  // With no other environment than `variables` and what a shell needs.
  SuiteRun(const std::string& variables, const std::string& arguments)
      : pipe_(::popen(("suite=$PWD/tests/testing/parallel_suite; cd / && env -i PATH=\"$PATH\" " +
                       variables + " \"$suite\" " + arguments + " 2>&1")
                          .c_str(),
                      "r")) {
    if (pipe_ == nullptr) throw std::runtime_error("cannot start the suite");
  }
  SuiteRun(SuiteRun&& other) noexcept : pipe_(std::exchange(other.pipe_, nullptr)) {}
  ~SuiteRun() {
    if (pipe_ != nullptr) static_cast<void>(::pclose(pipe_));
  }

  // Waits for its end: what it printed, and whether it passed.
  std::string output() {
    std::string text;
    std::array<char, 4096> buffer;
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe_)) {
      text.append(buffer.data(), size);
    }
    return text + (::pclose(std::exchange(pipe_, nullptr)) == 0 ? "passed" : "failed");
  }

 private:
  std::FILE* pipe_;
};

int occurrences(const std::vector<std::string>& texts, const std::string& part) {
  int count = 0;
  for (const std::string& text : texts) {
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++count;
    }
  }
  return count;
}

class ParallelSuiteTest : public LocalPostgresFixture {
 protected:
  ParallelSuiteTest() : server_(join()) {}

  // Every test leaves the server as it was: with the template and nothing else.
  void TearDown() override {
    EXPECT_TRUE(becomes_empty(
        "pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"));
    EXPECT_TRUE(becomes_empty("pg_database WHERE datname ~ '^drydock_[0-9b]'"));
    EXPECT_TRUE(becomes_empty("pg_locks WHERE locktype = 'advisory'"));
    LocalPostgresFixture::TearDown();
  }

  // A backend ends a moment after its client.
  bool becomes_empty(const std::string& relation) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string rows;
    do {
      rows = ask(server_, "SELECT count(*) FROM " + relation);
    } while (rows != "0" && std::chrono::steady_clock::now() < deadline);
    return rows == "0";
  }

  // Joins this test's server, as any process of the machine's user does with the shared one.
  std::string home_variable() const {
    const std::string folder = server_.options().home;  // <DRYDOCK_HOME>/drydock-<user>
    return "DRYDOCK_HOME=" + folder.substr(0, folder.rfind('/'));
  }

  static std::vector<std::string> outputs(std::vector<SuiteRun>& runs) {
    std::vector<std::string> texts;
    texts.reserve(runs.size());
    for (SuiteRun& run : runs) texts.push_back(run.output());
    return texts;
  }

  LocalPostgresServer& server_;
};

// ctest runs one process for each test that gtest_discover_tests() has found.
TEST_F(ParallelSuiteTest, passes_with_a_process_for_each_test) {
  std::vector<SuiteRun> runs;
  for (int test = 0; test < 12; ++test) {
    runs.emplace_back(home_variable(), "--gtest_filter='*/" + std::to_string(test) + "'");
  }
  const std::vector<std::string> texts = outputs(runs);
  EXPECT_THAT(texts, Each(AllOf(HasSubstr("[  PASSED  ] 1 test."), EndsWith("passed"))));
  EXPECT_EQ(occurrences(texts, "drydock: loading the schema into drydock_template_"), 1);
}

// bazel test --runs_per_test starts the same tests several times at once.
TEST_F(ParallelSuiteTest, passes_when_all_of_it_runs_several_times_at_once) {
  std::vector<SuiteRun> runs;
  for (int i = 0; i < 4; ++i) runs.emplace_back(home_variable(), "--gtest_shuffle");
  EXPECT_THAT(outputs(runs), Each(AllOf(HasSubstr("[  PASSED  ] 12 tests."), EndsWith("passed"))));
}

// Bazel's shards are told to GoogleTest by the same variables.
TEST_F(ParallelSuiteTest, passes_in_shards_each_test_once) {
  std::vector<SuiteRun> runs;
  for (int shard = 0; shard < 5; ++shard) {
    runs.emplace_back(
        home_variable() + " GTEST_TOTAL_SHARDS=5 GTEST_SHARD_INDEX=" + std::to_string(shard), "");
  }
  const std::vector<std::string> texts = outputs(runs);
  EXPECT_THAT(texts, Each(EndsWith("passed")));
  for (int test = 0; test < 12; ++test) {
    const std::string passed = "[       OK ] many/Parallel.sees_its_own_rows_only/";
    EXPECT_EQ(occurrences(texts, passed + std::to_string(test) + " "), 1) << test;
  }
}

TEST_F(ParallelSuiteTest, passes_with_a_database_for_each_test_of_each_process) {
  std::vector<SuiteRun> runs;
  for (int i = 0; i < 3; ++i) {
    runs.emplace_back(home_variable() + " DRYDOCK_STRATEGY=clone", "");
  }
  EXPECT_THAT(outputs(runs), Each(AllOf(HasSubstr("[  PASSED  ] 12 tests."), EndsWith("passed"))));
}

}  // namespace
}  // namespace drydock::internal
