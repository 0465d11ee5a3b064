#include "drydock/testing/sandbox_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "src/testing/both_strategies.h"
#include "src/testing/shared_test_database.h"

namespace drydock {
namespace {

TestDatabase& open_or_throw() {
  const absl::StatusOr<TestDatabase*> database = internal::SharedTestDatabase::instance().open();
  if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
  return **database;
}

SandboxOptions options_of_this_test() {
  SandboxOptions options;
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test != nullptr) {
    options.name = std::string(test->test_suite_name()) + "." + test->name();
  }
  return options;
}

}  // namespace

SandboxEnvironment::SandboxEnvironment(TestDatabaseOptions options)
    : options_(std::move(options)) {}
SandboxEnvironment::~SandboxEnvironment() = default;

void SandboxEnvironment::SetUp() {
  internal::SharedTestDatabase::instance().set_options(options_);
  const auto database = internal::SharedTestDatabase::instance().open();
  if (!database.ok()) GTEST_FAIL() << database.status().message();
}

void SandboxEnvironment::TearDown() { internal::SharedTestDatabase::instance().close(); }

SandboxTest::SandboxTest()
    : sandbox_(std::make_unique<Sandbox>(test_database(), options_of_this_test())),
      inline_executor_(sandbox_->simulation()) {}

SandboxTest::~SandboxTest() { finish(); }

TestDatabase& SandboxTest::test_database() { return open_or_throw(); }

DeferredExecutor& SandboxTest::executor(std::string_view name) {
  auto found = executors_.find(name);
  if (found == executors_.end()) {
    auto made = std::make_unique<DeferredExecutor>(sandbox_->simulation(), std::string(name));
    found = executors_.emplace(name, std::move(made)).first;
  }
  return *found->second;
}

void SandboxTest::TearDown() { finish(); }

void SandboxTest::finish() {
  if (std::exchange(finished_, true)) return;
  SandboxReport report = sandbox_->finish();
  if (HasFatalFailure()) {
    // The test stopped in its middle: that it had not drained yet says nothing.
    std::erase_if(report.findings,
                  [](const Finding& finding) { return finding.kind == Finding::kUndrained; });
  }
  if (!report.status().ok() || (HasFailure() && !report.notes.empty())) ADD_FAILURE() << report;
  compare_strategies();
}

void SandboxTest::compare_strategies() {
  if (!internal::both_strategies_wanted() || IsSkipped()) return;
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string name = std::string(test->test_suite_name()) + "." + test->name();
  const std::string difference = internal::compare_with_clone(name, !HasFailure());
  if (!difference.empty()) ADD_FAILURE() << difference;
}

}  // namespace drydock
