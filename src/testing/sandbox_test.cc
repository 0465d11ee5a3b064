#include "drydock/testing/sandbox_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "drydock/trace.h"
#include "src/testing/both_strategies.h"
#include "src/testing/shared_test_database.h"
#include "src/testing/test_settings.h"

namespace drydock {
namespace {

TestDatabase& open_or_throw() {
  const absl::StatusOr<TestDatabase*> database = internal::SharedTestDatabase::instance().open();
  if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
  return **database;
}

SandboxOptions options_of_this_test() {
  const internal::TestSettings settings = internal::TestSettings::from_environment();
  SandboxOptions options;
  options.simulation.order = settings.order;
  options.simulation.real_times = !settings.trace_folder.empty();
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

// One file a test, named after it.
void SandboxTest::write_trace() {
  const std::string folder = internal::TestSettings::from_environment().trace_folder;
  if (folder.empty()) return;
  std::string name = options_of_this_test().name;
  std::replace(name.begin(), name.end(), '/', '_');
  const absl::Status written =
      write_chrome_trace(sandbox_->simulation().journal(), folder + "/" + name + ".json");
  if (!written.ok()) ADD_FAILURE() << "DRYDOCK_TRACE: " << written.message();
}

void SandboxTest::finish() {
  if (std::exchange(finished_, true)) return;
  SandboxReport report = sandbox_->finish();
  write_trace();
  if (HasFatalFailure()) {
    // The test stopped in its middle: that it had not drained yet says nothing.
    std::erase_if(report.findings,
                  [](const Finding& finding) { return finding.kind == Finding::kUndrained; });
  }
  if (!report.status().ok() || (HasFailure() && !report.notes.empty())) ADD_FAILURE() << report;
  compare_strategies();
  const std::string order =
      internal::describe_order(internal::TestSettings::from_environment().order);
  if (HasFailure() && !order.empty()) {
    std::cerr << "drydock: drains ran in another order than first in, first out. To get this one "
                 "again: "
              << order << "\n";
  }
}

void SandboxTest::compare_strategies() {
  if (!internal::both_strategies_wanted() || IsSkipped()) return;
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string name = std::string(test->test_suite_name()) + "." + test->name();
  const std::string difference = internal::compare_with_clone(name, !HasFailure());
  if (!difference.empty()) ADD_FAILURE() << difference;
}

}  // namespace drydock
