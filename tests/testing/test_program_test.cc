// The flags of a test program, and its listener for what comes to light after its test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <string>
#include <vector>

#include "drydock/testing/init_testing.h"
#include "src/testing/test_flags.h"
#include "tests/testing/sample_process.h"

namespace drydock {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::Not;

// --- Flags.

Outcome run_with(const std::string& arguments,
                 const std::string& filter = "Sample.fails_after_three_jobs") {
  return run_sample(filter, "transaction", arguments);
}

std::string order_of(const Outcome& outcome) {
  return outcome.output.substr(outcome.output.find("order: "), 10);
}

TEST(TestFlags, set_the_order_of_every_drain) {
  EXPECT_EQ(order_of(run_with("--drydock_order=lifo")), "order: cba");
  EXPECT_EQ(order_of(run_with("--drydock_order=lifo", "Plain.fails_after_three_jobs")),
            "order: cba");
}

TEST(TestFlags, repeat_a_shuffled_order_with_what_a_failure_prints) {
  const Outcome first = run_with("--drydock_order=shuffle", "Plain.fails_after_three_jobs");
  const std::size_t flags = first.output.find("--drydock_order=shuffle --drydock_seed=");
  ASSERT_NE(flags, std::string::npos) << first.output;
  const std::string again = first.output.substr(flags, first.output.find('\n', flags) - flags);
  EXPECT_EQ(order_of(run_with(again, "Plain.fails_after_three_jobs")), order_of(first));
  EXPECT_EQ(order_of(run_with(again)), order_of(first));
}

TEST(TestFlags, go_before_the_environment) {
  ::setenv("DRYDOCK_ORDER", "lifo", 1);
  const Outcome outcome = run_with("--drydock_order=fifo");
  ::unsetenv("DRYDOCK_ORDER");
  EXPECT_EQ(order_of(outcome), "order: abc");
}

TEST(TestFlags, fail_the_program_before_its_tests_where_one_is_wrong) {
  const Outcome outcome = run_with("--drydock_oder=lifo");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("\ndrydock: there is no flag --drydock_oder. Did you mean "
                              "'--drydock_order'? The flags are --drydock_executor, "
                              "--drydock_order, --drydock_schema, --drydock_schema_command, "
                              "--drydock_schema_inputs, --drydock_schema_key, "
                              "--drydock_seed.\n"),
                    Not(HasSubstr("order: "))));
}

std::string error_of(std::vector<std::string> arguments) {
  return std::string(internal::take_flags(arguments).message());
}

TEST(TestFlags, name_the_value_the_flag_and_the_choices) {
  EXPECT_EQ(error_of({"--drydock_order=random"}),
            "drydock: --drydock_order is 'random', but must be fifo, lifo or shuffle. Write "
            "--drydock_order=value.");
  EXPECT_EQ(error_of({"--drydock_order", "lifo"}),
            "drydock: --drydock_order is '', but must be fifo, lifo or shuffle. Write "
            "--drydock_order=value.");
  EXPECT_EQ(error_of({"--drydock_seed=seven"}),
            "drydock: --drydock_seed is 'seven', but must be a whole number from 0 to "
            "18446744073709551615. Write --drydock_seed=value.");
  EXPECT_EQ(error_of({"--drydock_executor=mail"}),
            "drydock: --drydock_executor is 'mail', but must be name=kind, and a comma between two "
            "of them, as in \"mail=deferred,default=inline\", or *=kind for all executors. Write "
            "--drydock_executor=value.");
}

TEST(TestFlags, say_what_the_schema_is) {
  constexpr const char* kVariables[] = {"DRYDOCK_SCHEMA", "DRYDOCK_SCHEMA_COMMAND",
                                        "DRYDOCK_SCHEMA_INPUTS", "DRYDOCK_SCHEMA_KEY"};
  std::vector<std::string> before;
  for (const char* variable : kVariables) {
    const char* const value = std::getenv(variable);
    before.emplace_back(value == nullptr ? "" : value);
  }
  std::vector<std::string> arguments = {
      "--drydock_schema=db", "--drydock_schema_command=migrate --to=3",
      "--drydock_schema_inputs=db/migrations:db/seed", "--drydock_schema_key=3"};
  EXPECT_TRUE(internal::take_flags(arguments).ok());
  std::vector<std::string> set;
  for (std::size_t i = 0; i < before.size(); ++i) {
    set.emplace_back(std::getenv(kVariables[i]));
    ::setenv(kVariables[i], before[i].c_str(), 1);
  }
  EXPECT_THAT(set, ElementsAre("db", "migrate --to=3", "db/migrations:db/seed", "3"));
  EXPECT_EQ(error_of({"--drydock_schema="}),
            "drydock: --drydock_schema is '', but must be a text that is not empty. Write "
            "--drydock_schema=value.");
}

TEST(TestFlags, give_executors_other_kinds) {
  ::unsetenv("DRYDOCK_EXECUTOR");
  std::vector<std::string> arguments = {"--drydock_executor=mail=inline,*=serial"};
  EXPECT_TRUE(internal::take_flags(arguments).ok());
  EXPECT_STREQ(std::getenv("DRYDOCK_EXECUTOR"), "mail=inline,*=serial");
  ::unsetenv("DRYDOCK_EXECUTOR");
}

TEST(TestFlags, set_the_variable_of_their_name) {
  std::vector<std::string> arguments = {"program", "--drydock_executor=mail=inline,default=serial",
                                        "--gtest_color=no"};
  EXPECT_TRUE(internal::take_flags(arguments).ok());
  EXPECT_STREQ(std::getenv("DRYDOCK_EXECUTOR"), "mail=inline,default=serial");
  ::unsetenv("DRYDOCK_EXECUTOR");
  EXPECT_THAT(arguments, ElementsAre("program", "--gtest_color=no"));
}

TEST(TestFlags, set_nothing_where_one_is_wrong) {
  std::vector<std::string> arguments = {"--drydock_seed=7", "--drydock_order=random"};
  EXPECT_FALSE(internal::take_flags(arguments).ok());
  EXPECT_EQ(std::getenv("DRYDOCK_SEED"), nullptr);
}

TEST(InitTesting, takes_its_flags_out_and_leaves_the_others) {
  std::string program = "program", seed = "--drydock_seed=7", other = "--other", last = "last";
  char* argv[] = {program.data(), other.data(), seed.data(), other.data(), last.data(), nullptr};
  int argc = 5;
  init_testing(&argc, argv);
  EXPECT_STREQ(std::getenv("DRYDOCK_SEED"), "7");
  ::unsetenv("DRYDOCK_SEED");
  EXPECT_THAT(std::vector<std::string>(argv, argv + argc),
              ElementsAre("program", "--other", "--other", "last"));
  EXPECT_EQ(argv[argc], nullptr);
}

void give_wrong_flag() {
  std::string program = "program", flag = "--drydock_order=up";
  char* argv[] = {program.data(), flag.data(), nullptr};
  int argc = 2;
  init_testing(&argc, argv);
}

TEST(InitTesting, ends_a_program_that_is_given_a_wrong_flag) {
  EXPECT_EXIT(give_wrong_flag(), ExitedWithCode(1),
              "^drydock: --drydock_order is 'up', but must be fifo, lifo or shuffle\\.");
}

// --- Leaks.

// What the sample prints, without the lines that its place in it changes.
std::string without_lines(std::string text) {
  static const std::regex place("sample_suite\\.cc:[0-9]+");
  return std::regex_replace(text, place, "sample_suite.cc:N");
}

std::string late_access(const std::string& when) {
  return "tests/testing/sample_suite.cc:N: Failure\n"
         "Failed\n"
         "drydock: left over from the test 'LeakA.uses_the_database_late', " +
         when +
         ": finding kLateAccess: code outside any job called transact at "
         "tests/testing/sample_suite.cc:N after the sandbox of the test "
         "'LeakA.uses_the_database_late' had ended. Its rows are gone, so that the work finds "
         "nothing and changes nothing.\n  The test has to wait for its background work: call "
         "wait_idle() on the thread pool before the test ends, or give the code under test a "
         "DeferredExecutor and drain() it.\n";
}

TEST(LeakListener, fails_the_test_during_which_a_leak_comes_to_light) {
  const Outcome outcome =
      run_sample("LeakA.uses_the_database_late:LeakA.is_there_when_it_comes_to_light");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(without_lines(outcome.output),
              AllOf(HasSubstr("  OK ] LeakA.uses_the_database_late"),
                    HasSubstr(late_access("while this test ran")),
                    HasSubstr("[  FAILED  ] LeakA.is_there_when_it_comes_to_light")));
}

TEST(LeakListener, fails_the_test_before_which_a_leak_came_to_light) {
  const Outcome outcome = run_sample("LeakA.uses_the_database_late:LeakB.is_innocent");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(without_lines(outcome.output), AllOf(HasSubstr("  OK ] LeakA.uses_the_database_late"),
                                                   HasSubstr(late_access("before this test began")),
                                                   HasSubstr("[  FAILED  ] LeakB.is_innocent")));
}

TEST(LeakListener, fails_the_program_for_what_comes_to_light_after_its_last_test) {
  const Outcome outcome = run_sample("LeakA.uses_the_database_late");
  EXPECT_FALSE(outcome.passed);
  const std::string text = late_access("after the last test");
  EXPECT_THAT(without_lines(outcome.output), HasSubstr(text.substr(text.find('\n'))));
}

TEST(LeakListener, tells_of_a_job_that_is_submitted_when_its_test_has_ended) {
  const Outcome outcome = run_sample("LeakA.submits_late:LeakB.is_innocent");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(without_lines(outcome.output),
              HasSubstr("drydock: left over from the test 'LeakA.submits_late', before this test "
                        "began: job 'send' was submitted at tests/testing/sample_suite.cc:N when "
                        "its test had ended, by code outside any job on a thread that still ran. "
                        "It will not run.\n  The test has to wait for its threads: call "
                        "wait_idle() on the thread pool before the test ends.\n"));
}

TEST(LeakListener, leaves_out_what_the_test_has_allowed) {
  const Outcome outcome = run_sample("LeakA.is_allowed_to_use_the_database_late:LeakB.is_innocent");
  EXPECT_TRUE(outcome.passed) << outcome.output;
}

TEST(LeakListener, fails_a_test_without_a_sandbox_for_a_failure_that_it_has_not_taken) {
  const Outcome outcome = run_sample("Plain.leaves_a_failure");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(without_lines(outcome.output),
              HasSubstr("\ndrydock: a failure that nobody took: job 'send', submitted at "
                        "tests/testing/sample_suite.cc:N, failed: std::runtime_error: no mail "
                        "server\n  Where the test expects it, it takes it before the simulation "
                        "ends: EXPECT_EQ(simulation.take_failures().size(), 1).\n"));
}

constexpr const char* kLeakedContext =
    "kContextLeaked: job 'send', submitted at tests/testing/sample_suite.cc:N, left the context "
    "slot 'tenant' other than it found it.\n  On a thread pool the next job on that thread would "
    "have seen the value; drydock has put the slot back.\n  Set it with drydock::ScopedContext, "
    "which puts it back at the end of its scope, or allow it: "
    "sandbox.allow(drydock::Finding::kContextLeaked).\n";

TEST(LeakListener, fails_a_test_without_a_sandbox_for_a_finding_that_it_has_not_looked_at) {
  for (const char* const test : {"Plain.leaves_a_finding", "Plain.looks_before_a_finding"}) {
    const Outcome outcome = run_sample(test);
    EXPECT_FALSE(outcome.passed);
    EXPECT_THAT(
        without_lines(outcome.output),
        HasSubstr("\ndrydock: a finding that nobody looked at: " + std::string(kLeakedContext) +
                  "  Here is no sandbox: to allow it is "
                  "simulation.allow(drydock::Finding::kContextLeaked), and a test that expects it "
                  "looks at it before the simulation ends, by simulation.findings().\n"));
  }
}

TEST(LeakListener, leaves_out_findings_that_the_test_has_looked_at_or_allowed) {
  const Outcome outcome =
      run_sample("Plain.looks_at_a_finding:Plain.checks_for_findings:Plain.allows_a_finding");
  EXPECT_TRUE(outcome.passed) << outcome.output;
}

TEST(LeakListener, leaves_findings_of_a_sandbox_to_its_report) {
  const Outcome outcome = run_sample("Sample.leaves_a_finding");
  const std::string output = without_lines(outcome.output);
  const std::size_t first = output.find(kLeakedContext);
  ASSERT_NE(first, std::string::npos) << output;
  EXPECT_EQ(output.find(kLeakedContext, first + 1), std::string::npos) << output;
}

}  // namespace
}  // namespace drydock
