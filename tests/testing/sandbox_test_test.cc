// Runs the tests of sample_suite.cc, each in a process of its own, and looks at what they print and
// leave.

#include "drydock/testing/sandbox_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <pqxx/pqxx>
#include <string>

#include "tests/local_postgres_fixture.h"
#include "tests/temporary_folder.h"
#include "tests/testing/sample_process.h"

namespace drydock {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

std::string database_of(const Outcome& outcome) {
  const std::string label = "database: ";
  const std::size_t begin = outcome.output.find(label) + label.size();
  return outcome.output.substr(begin, outcome.output.find('\n', begin) - begin);
}

TEST(SandboxTestFixture, passes_and_leaves_no_row) {
  const Outcome outcome = run_sample("Sample.passes");
  EXPECT_TRUE(outcome.passed) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("rows: 0\n"));
}

TEST(SandboxTestFixture, leaves_no_row_after_a_fatal_failure_and_says_only_that) {
  const Outcome outcome = run_sample("Sample.fails");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("rows: 0\n"), HasSubstr("as the sample wants"),
                                    Not(HasSubstr("pending at the end"))));
}

TEST(SandboxTestFixture, leaves_no_row_after_an_exception) {
  const Outcome outcome = run_sample("Sample.throws");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("rows: 0\n"), HasSubstr("duplicate key value")));
}

TEST(SandboxTestFixture, fails_a_test_that_leaves_a_job) {
  const Outcome outcome = run_sample("Sample.leaves_a_job");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("rows: 0\n"),
                    HasSubstr("drydock finding kUndrained: 1 job was pending at the end of the "
                              "test:\n  job 'send' (#1, submitted at "
                              "tests/testing/sample_suite.cc:"),
                    HasSubstr("): queued, on executor 'mail'\n")));
}

TEST(SandboxTestFixture, fails_a_test_whose_fixture_forgets_to_call_the_base) {
  const Outcome outcome = run_sample("Forgetful.leaves_a_job");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("rows: 0\n"), HasSubstr("kUndrained")));
}

TEST(SandboxTestFixture, fails_a_test_that_does_not_take_a_failure) {
  const Outcome outcome = run_sample("Sample.leaves_a_failure");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("job 'send' (#1, submitted at "),
                                    HasSubstr("failed: std::runtime_error: no mail server"),
                                    HasSubstr("take_failures()")));
}

TEST(SandboxTestFixture, passes_a_test_that_takes_its_failure) {
  const Outcome outcome = run_sample("Sample.takes_a_failure");
  EXPECT_TRUE(outcome.passed) << outcome.output;
}

TEST(SandboxTestFixture, fails_a_test_with_a_finding) {
  const Outcome outcome = run_sample("Sample.submits_in_a_transaction");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, HasSubstr("drydock finding kSubmittedInTransaction: job 'send' was "
                                        "submitted at tests/testing/sample_suite.cc:"));
}

TEST(SandboxTestFixture, prints_what_is_pending_instead) {
  const Outcome outcome = run_sample("Sample.misses_a_pending_job");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("Expected: has exactly 1 pending job 'send_invoice'"),
                    HasSubstr("where 0 of 1 pending jobs match\n  not counted, "
                              "for its name: job 'send_confirmation' (#1, submitted at ")));
}

TEST(SandboxTestFixture, advises_a_clone_where_a_statement_needs_it) {
  const Outcome outcome = run_sample("Sample.vacuums");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("VACUUM cannot run inside a transaction block"),
                    HasSubstr("drydock note: a statement in the transact at "),
                    HasSubstr("SandboxOptions{.strategy = drydock::Strategy::kClone}")));
}

constexpr char kIsolationNote[] =
    "the transact at tests/testing/sample_suite.cc:[0-9]+ asks for an isolation level. Under "
    "Strategy::kTransaction it runs read committed, with nobody beside it, so that it meets no "
    "serialization failure but those of fail_next_commit\\(\\). To see what other transactions do "
    "to "
    "it: SandboxOptions\\{.strategy = drydock::Strategy::kClone\\}.";
constexpr char kBeginNote[] =
    "the transact at tests/testing/sample_suite.cc:[0-9]+, by code outside any job, sent "
    "BEGIN, which PostgreSQL ignores with a warning, here and in production: the body of "
    "transact\\(\\) is in a transaction already. Remove it, or call transact\\(\\) inside the "
    "body, "
    "which nests.";

TEST(SandboxTestFixture, prints_a_note_of_tests_that_pass_once) {
  const Outcome outcome = run_sample("'Noted.*'");
  EXPECT_TRUE(outcome.passed) << outcome.output;
  const std::string once = " \\(said once, though other tests may have it too\\): ";
  EXPECT_THAT(outcome.output, ContainsRegex("drydock note in Noted.asks_for_isolation" + once +
                                            kIsolationNote + "\n"));
  EXPECT_THAT(outcome.output, ContainsRegex("drydock note in Noted.asks_for_isolation_again" +
                                            once + kBeginNote + "\n"));
  const std::string label = "asks for an isolation level";
  EXPECT_EQ(outcome.output.find(label), outcome.output.rfind(label)) << outcome.output;
}

TEST(SandboxTestFixture, records_the_notes_of_each_test) {
  const std::string path = ::testing::TempDir() + "/notes.xml";
  const Outcome outcome =
      run_sample("Noted.asks_for_isolation_again", "transaction", "--gtest_output=xml:" + path);
  EXPECT_TRUE(outcome.passed) << outcome.output;
  std::ifstream file(path);
  const std::string xml{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(xml, AllOf(ContainsRegex(std::string("<property name=\"drydock_note\" value=\"") +
                                       kIsolationNote + "\"/>"),
                         ContainsRegex(std::string("<property name=\"drydock_note_2\" value=\"") +
                                       kBeginNote + "\"/>")));
}

TEST(SandboxTestFixture, passes_a_test_that_passes_under_both_strategies) {
  const Outcome outcome = run_sample("Sample.passes", "both");
  EXPECT_TRUE(outcome.passed) << outcome.output;
}

TEST(SandboxTestFixture, fails_a_test_that_differs_between_the_strategies) {
  EXPECT_TRUE(run_sample("Sample.depends_on_the_strategy").passed);
  const Outcome outcome = run_sample("Sample.depends_on_the_strategy", "both");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("DRYDOCK_STRATEGY=both: Sample.depends_on_the_strategy passes under "
                              "Strategy::kTransaction and fails under Strategy::kClone."),
                    HasSubstr("[  FAILED  ] Sample.depends_on_the_strategy")));
}

TEST(SandboxTestFixture, fails_a_test_that_fails_under_both_strategies_once) {
  const Outcome outcome = run_sample("Sample.leaves_a_job", "both");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, Not(HasSubstr("DRYDOCK_STRATEGY=both")));
}

TEST(SandboxTestFixture, tells_the_failures_that_only_one_strategy_has) {
  const std::string at = "    tests/testing/sample_suite.cc:[0-9]+\n";
  const std::string failed = at + "    Failed\n    ";
  const std::string both = " fails under both strategies, but not in the same way.\n";
  EXPECT_THAT(run_sample("Sample.fails_in_another_way", "both").output,
              ContainsRegex("DRYDOCK_STRATEGY=both: Sample.fails_in_another_way" + both +
                            "  Under Strategy::kTransaction only:\n" + failed +
                            "of one,\n    in two lines\n" + failed + "strategy transaction\n" +
                            "  Under Strategy::kClone only:\n" + failed + "strategy clone\n"));
  EXPECT_THAT(run_sample("Sample.fails_more_under_clone", "both").output,
              ContainsRegex("DRYDOCK_STRATEGY=both: Sample.fails_more_under_clone" + both +
                            "  Under Strategy::kTransaction only: none\n"
                            "  Under Strategy::kClone only:\n" +
                            failed + "of the clone\n"));
}

TEST(SandboxTestFixture, tells_what_was_printed_by_a_clones_process_that_dies) {
  EXPECT_THAT(run_sample("Sample.dies_under_clone", "both").output,
              ContainsRegex("DRYDOCK_STRATEGY=both: Sample.dies_under_clone fails under both "
                            "strategies, but under Strategy::kClone before the end of the test. It "
                            "printed:\n(.|\n)*of both\n"));
}

TEST(SandboxTestFixture, refuses_a_strategy_that_is_not_there) {
  const Outcome outcome = run_sample("Sample.passes", "fast");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, HasSubstr("DRYDOCK_STRATEGY is 'fast'. Valid are: transaction ("));
}

TEST(SandboxTestFixture, drains_in_the_order_that_the_environment_asks_for) {
  ::setenv("DRYDOCK_ORDER", "lifo", 1);
  const Outcome outcome = run_sample("Sample.fails_after_three_jobs");
  ::unsetenv("DRYDOCK_ORDER");
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("order: cba"),
                    HasSubstr("drydock: drains ran in another order than first in, first out. To "
                              "get this one again: --drydock_order=lifo\n")));
}

TEST(SandboxTestFixture, says_how_to_repeat_a_shuffled_order) {
  ::setenv("DRYDOCK_ORDER", "shuffle", 1);
  const std::string output = run_sample("Sample.fails_after_three_jobs").output;
  const std::string again = "--drydock_order=shuffle --drydock_seed=";
  ASSERT_THAT(output, HasSubstr(again));
  const std::size_t seed = output.find(again) + again.size();
  ::setenv("DRYDOCK_SEED", output.substr(seed, output.find('\n', seed) - seed).c_str(), 1);
  const std::string repeated = run_sample("Sample.fails_after_three_jobs").output;
  ::unsetenv("DRYDOCK_ORDER");
  ::unsetenv("DRYDOCK_SEED");
  EXPECT_THAT(repeated, HasSubstr(output.substr(output.find("order: "), 10)));
}

TEST(SandboxTestFixture, refuses_an_order_that_it_does_not_know) {
  ::setenv("DRYDOCK_ORDER", "random", 1);
  const Outcome unknown_order = run_sample("Sample.passes");
  ::setenv("DRYDOCK_ORDER", "shuffle", 1);
  ::setenv("DRYDOCK_SEED", "seven", 1);
  const Outcome bad_seed = run_sample("Sample.passes");
  ::unsetenv("DRYDOCK_ORDER");
  ::unsetenv("DRYDOCK_SEED");
  EXPECT_FALSE(unknown_order.passed);
  EXPECT_THAT(unknown_order.output,
              AllOf(HasSubstr("drydock: DRYDOCK_ORDER is 'random', but must be fifo, lifo or "
                              "shuffle.\n"),
                    HasSubstr("[  FAILED  ]"), Not(HasSubstr("terminate called"))));
  EXPECT_FALSE(bad_seed.passed);
  EXPECT_THAT(bad_seed.output, HasSubstr("drydock: DRYDOCK_SEED is 'seven', but must be a whole "
                                         "number from 0 to 18446744073709551615."));
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SandboxTestFixture, leaves_a_trace_of_each_simulation_of_a_test) {
  const internal::TemporaryFolder folder;
  const internal::ScopedVariable trace("DRYDOCK_TRACE", folder.path().c_str());
  const Outcome outcome = run_sample("Sample.takes_a_failure:Plain.has_two_simulations");
  EXPECT_TRUE(outcome.passed) << outcome.output;
  // With the threads that only real times have.
  EXPECT_THAT(contents_of(folder.path() + "/Sample.takes_a_failure.json"),
              AllOf(HasSubstr("{\"name\":\"send\",\"ph\":\"B\""), HasSubstr("\"tid\":1,")));
  EXPECT_THAT(contents_of(folder.path() + "/Plain.has_two_simulations.json"),
              AllOf(HasSubstr("{\"name\":\"of the first\",\"ph\":\"B\""), HasSubstr("\"tid\":1,"),
                    Not(HasSubstr("of the second"))));
  EXPECT_THAT(contents_of(folder.path() + "/Plain.has_two_simulations.2.json"),
              HasSubstr("{\"name\":\"of the second\",\"ph\":\"B\""));
}

TEST(SandboxTestFixture, fails_where_its_trace_cannot_be_written) {
  const internal::ScopedVariable trace("DRYDOCK_TRACE", "/no/such/folder");
  for (const std::string test : {"Sample.passes", "Plain.looks_at_a_finding"}) {
    const Outcome outcome = run_sample(test);
    EXPECT_FALSE(outcome.passed);
    EXPECT_THAT(outcome.output,
                HasSubstr("\ndrydock: DRYDOCK_TRACE: cannot write the trace '/no/such/folder/" +
                          test + ".json': No such file or directory\n"));
  }
}

// Any other process on the shared server drops the database of one that has died.
class SandboxTestOnAServerOfItsOwn : public internal::LocalPostgresFixture {};

TEST_F(SandboxTestOnAServerOfItsOwn, leaves_no_row_when_the_process_is_killed) {
  const internal::ScopedVariable url("DRYDOCK_DATABASE_URL", join().connection_string().c_str());
  const Outcome outcome = run_sample("Sample.is_killed");
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.output, Not(HasSubstr("rows: ")));
  // Its database is still there, until the next process cleans up.
  pqxx::connection connection(database_of(outcome));
  pqxx::work work(connection);
  EXPECT_EQ(work.exec1("SELECT count(*) FROM users")[0].as<int>(), 0);
}

}  // namespace
}  // namespace drydock
