#include "src/testing/test_program.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "src/leaks.h"
#include "src/order_setting.h"
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

// Comes before and after all other environments.
class TestProgram : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!flags_of_this_program().ok()) GTEST_FAIL() << flags_of_this_program().message();
  }
  void TearDown() override {
    for (const Leak& leak : Leaks::instance().take()) {
      ADD_FAILURE() << describe(leak, "no test", "after the last test");
    }
  }
};

class LeakListener : public ::testing::EmptyTestEventListener {
 public:
  void OnTestStart(const ::testing::TestInfo& test) override {
    fail(test, "before this test began");
    Leaks::instance().set_test(name_of(test));
  }

  void OnTestEnd(const ::testing::TestInfo& test) override {
    fail(test, "while this test ran");
    Leaks::instance().set_test("");
    if (!test.result()->Failed()) return;
    const std::string order = describe_order(order_of_environment());
    if (order.empty()) return;
    std::cerr << "drydock: drains ran in another order than first in, first out. To get this one "
                 "again: "
              << order << "\n";
  }

 private:
  static std::string name_of(const ::testing::TestInfo& test) {
    return std::string(test.test_suite_name()) + "." + test.name();
  }

  static void fail(const ::testing::TestInfo& test, const std::string& when) {
    for (const Leak& leak : Leaks::instance().take()) {
      ADD_FAILURE_AT(test.file(), test.line()) << describe(leak, name_of(test), when);
    }
  }
};

const bool kSetUp = (set_up_test_program(), true);

}  // namespace

void set_up_test_program() {
  static const bool done = [] {
    static_cast<void>(flags_of_this_program());
    Leaks::instance().collect();
    ::testing::AddGlobalTestEnvironment(new TestProgram);
    ::testing::UnitTest::GetInstance()->listeners().Append(new LeakListener);
    return true;
  }();
  static_cast<void>(done);
  static_cast<void>(kSetUp);
}

}  // namespace drydock::internal
