#include "src/testing/test_program.h"

#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>
#include <string>

#include "src/leaks.h"
#include "src/order_setting.h"
#include "src/test_traces.h"
#include "src/testing/test_flags.h"

namespace drydock::internal {
namespace {

std::string describe(const Leak& leak, const std::string& test, const std::string& when) {
  if (leak.test == test) return "drydock: " + leak.text;
  return "drydock: " +
         (leak.test.empty() ? "left over from outside of any test"
                            : "left over from the test '" + leak.test + "'") +
         ", " + when + ": " + leak.text;
}

std::string name_of(const ::testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

// "": no test runs from now on.
void begin(const std::string& test) {
  Leaks::instance().set_test(test);
  TestTraces::instance().set_test(test);
}

// Comes before and after all other environments.
class TestProgram : public ::testing::Environment {
 public:
  // Fails the program once, not every test of it.
  void SetUp() override {
    if (!flags_of_this_program().ok()) GTEST_FAIL() << flags_of_this_program().message();
    try {
      order_ = describe_order(order_of_environment());
    } catch (const std::invalid_argument& error) {
      GTEST_FAIL() << error.what();
    }
  }
  void TearDown() override {
    for (const Leak& leak : Leaks::instance().take()) {
      ADD_FAILURE() << describe(leak, "no test", "after the last test");
    }
  }

  // How to get the order of the drains again; empty for first in, first out.
  const std::string& order() const { return order_; }

 private:
  std::string order_;
};

class LeakListener : public ::testing::EmptyTestEventListener {
 public:
  explicit LeakListener(const TestProgram& program) : program_(program) {}

  void OnTestStart(const ::testing::TestInfo& test) override {
    fail(test, "before this test began");
    begin(name_of(test));
  }

  void OnTestEnd(const ::testing::TestInfo& test) override {
    fail(test, "while this test ran");
    begin("");
    if (!test.result()->Failed() || program_.order().empty()) return;
    std::cerr << "drydock: drains ran in another order than first in, first out. To get this one "
                 "again: "
              << program_.order() << "\n";
  }

 private:
  static void fail(const ::testing::TestInfo& test, const std::string& when) {
    for (const Leak& leak : Leaks::instance().take()) {
      ADD_FAILURE_AT(test.file(), test.line()) << describe(leak, name_of(test), when);
    }
  }

  const TestProgram& program_;
};

const bool kSetUp = (set_up_test_program(), true);

}  // namespace

void set_up_test_program() {
  static const bool done = [] {
    static_cast<void>(flags_of_this_program());
    Leaks::instance().collect();
    auto* const program = new TestProgram;
    ::testing::AddGlobalTestEnvironment(program);
    auto* const tests = ::testing::UnitTest::GetInstance();
    tests->listeners().Append(new LeakListener(*program));
    // The first `SandboxTest` is about to make its sandbox.
    if (tests->current_test_info() != nullptr) begin(name_of(*tests->current_test_info()));
    return true;
  }();
  static_cast<void>(done);
  static_cast<void>(kSetUp);
}

}  // namespace drydock::internal
