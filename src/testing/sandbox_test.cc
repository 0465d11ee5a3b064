#include "drydock/testing/sandbox_test.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <iostream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "drydock/misuse_error.h"
#include "src/testing/both_strategies.h"
#include "src/testing/shared_test_database.h"
#include "src/testing/test_program.h"

namespace drydock {
namespace {

TestDatabase& open_or_throw() {
  const absl::StatusOr<TestDatabase*> database = internal::SharedTestDatabase::instance().open();
  if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
  return **database;
}

// Empty outside of any.
std::string name_of_this_test() {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return test == nullptr ? "" : std::string(test->test_suite_name()) + "." + test->name();
}

SandboxOptions options_of_this_test() {
  internal::set_up_test_program();
  SandboxOptions options;
  options.name = name_of_this_test();
  return options;
}

// For one who reads the result of the test, which may well have passed.
void record(const std::vector<std::string>& notes) {
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const std::string key = i == 0 ? "drydock_note" : "drydock_note_" + std::to_string(i + 1);
    ::testing::Test::RecordProperty(key, notes[i]);
  }
}

// A hundred tests that use the same code say it once.
void print_once(const std::string& test, const std::vector<std::string>& notes) {
  static std::set<std::string>* const printed = new std::set<std::string>;
  for (const std::string& note : notes) {
    if (!printed->insert(note).second) continue;
    std::cerr << "drydock note in " << test
              << " (said once, though other tests may have it too): " << note << "\n";
  }
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
    : sandbox_(std::make_unique<Sandbox>(test_database(), options_of_this_test())) {}

SandboxTest::SandboxTest(const TestExecutorsOptions& options, SourceLocation where)
    : SandboxTest() {
  auto made = make_test_executors(sandbox_->simulation(), options, where);
  if (!made.ok()) throw std::runtime_error(std::string(made.status().message()));
  executors_ = *std::move(made);
}

SandboxTest::~SandboxTest() { finish(); }

TestDatabase& SandboxTest::test_database() { return open_or_throw(); }

Executors& SandboxTest::executors() {
  if (executors_) return *executors_;
  throw MisuseError(
      "drydock: executors() in a fixture that names no configuration. Name the application's: "
      "MyTest() : SandboxTest({.file = \"executors.yaml\"}) {}");
}

template <class Kind>
Kind& SandboxTest::find(ByName<Kind>& made, std::string_view name, const char* call) {
  if (executors_ && !name.empty()) {
    if (auto* const executor = dynamic_cast<Kind*>(&executors_->get(name))) return *executor;
    const std::string quoted = "(\"" + std::string(name) + "\")";
    const std::string& kind = executors_->kind(name);
    const std::string other = kind == "inline"     ? "inline_executor" + quoted
                              : kind == "deferred" ? "executor" + quoted
                                                   : "executors().get" + quoted;
    throw MisuseError("drydock: " + std::string(call) + quoted + ": this executor is of kind " +
                      kind + " in this test. Take it as " + other +
                      ", or give it another kind by TestExecutorsOptions::kinds or "
                      "DRYDOCK_EXECUTOR.");
  }
  auto found = made.find(name);
  if (found == made.end()) {
    auto executor = std::make_unique<Kind>(sandbox_->simulation(), std::string(name));
    found = made.emplace(name, std::move(executor)).first;
  }
  return *found->second;
}

DeferredExecutor& SandboxTest::executor(std::string_view name) {
  return find(deferred_executors_, name, "executor");
}

InlineExecutor& SandboxTest::inline_executor(std::string_view name) {
  return find(inline_executors_, name, "inline_executor");
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
  record(report.notes);
  if (!report.status().ok() || (HasFailure() && !report.notes.empty())) {
    ADD_FAILURE() << report;
  } else {
    print_once(name_of_this_test(), report.notes);
  }
  compare_strategies();
}

void SandboxTest::compare_strategies() {
  const std::vector<std::string> failures = internal::failures_of_this_test();
  internal::tell_failures(failures);
  if (!internal::both_strategies_wanted() || IsSkipped()) return;
  const std::string difference = internal::compare_with_clone(name_of_this_test(), failures);
  if (!difference.empty()) ADD_FAILURE() << difference;
}

}  // namespace drydock
