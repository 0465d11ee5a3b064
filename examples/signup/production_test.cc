// The program as its user runs it: main.cc with its executors and its connection pool, against a
// database of this test's own, and what it says where something is missing. The same main.cc,
// linked with the kinds of tests, runs what the production program refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "absl/status/statusor.h"
#include "drydock/pooled_database.h"
#include "drydock/test_database.h"

namespace {

using ::testing::HasSubstr;

struct Output {
  int exit_code = 0;
  std::string text;  // of stdout and stderr
};

// Starts in the root of the workspace, where the program looks for its executors.yaml.
Output run(const std::string& environment, const std::string& arguments,
           const std::string& program = "signup") {
  const std::string command = "env -u DATABASE_URL -u DRYDOCK_EXECUTOR " + environment +
                              " examples/signup/" + program + " " + arguments + " 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  Output output;
  std::array<char, 4096> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) output.text += buffer.data();
  output.exit_code = WEXITSTATUS(pclose(pipe));
  return output;
}

drydock::TestDatabase open(drydock::TestDatabaseOptions options) {
  auto database = drydock::TestDatabase::open(options);
  if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
  return *std::move(database);
}

std::string url_variable(const drydock::TestDatabase& database) {
  return "'DATABASE_URL=" + database.connection_string() + "'";
}

TEST(ProductionTest, RegistersUsersAndSendsTheirMailBeforeItEnds) {
  drydock::TestDatabaseOptions options;
  options.schema_files = {"examples/signup/schema.sql"};
  const drydock::TestDatabase test_database = open(options);
  const Output output = run(url_variable(test_database), "ada@example.org grace@example.org");
  EXPECT_EQ(output.exit_code, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("user 1: ada@example.org\n"));
  EXPECT_THAT(output.text, HasSubstr("mail to ada@example.org: Welcome."));
  EXPECT_THAT(output.text, HasSubstr("mail to grace@example.org: Welcome."));

  drydock::PooledDatabase database(test_database.connection_string());
  const int confirmed = database.transact([](drydock::Transaction& tx) {
    return tx->exec("SELECT count(confirmation_sent_at) FROM users").at(0).at(0).as<int>();
  });
  EXPECT_EQ(confirmed, 2);

  const Output again = run(url_variable(test_database), "ada@example.org joan@example.org");
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.text, HasSubstr("signup: ada@example.org: "));
  EXPECT_THAT(again.text, HasSubstr("mail to joan@example.org: Welcome."));
}

TEST(ProductionTest, SaysWhatToDoWithoutADatabase) {
  const Output output = run("", "ada@example.org");
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.text, HasSubstr("signup: which database?"));
  EXPECT_THAT(output.text, HasSubstr("export DATABASE_URL="));
}

TEST(ProductionTest, SaysWhatToDoWithoutItsTables) {
  drydock::TestDatabaseOptions options;
  options.schema_sql = "SELECT 1";
  const drydock::TestDatabase test_database = open(options);
  const Output output = run(url_variable(test_database), "ada@example.org");
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.text, HasSubstr("relation \"users\" does not exist"));
  EXPECT_THAT(output.text, HasSubstr("Load the schema: psql"));
}

TEST(ProductionTest, SaysThatNoServerAnswers) {
  const Output output = run("", "--database=postgresql://nobody@127.0.0.1:1/app ada@example.org");
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.text, HasSubstr("no server answers"));
}

TEST(ProductionTest, RefusesTheKindsOfTestsWithTheReason) {
  const std::string reason =
      "kind 'inline' of executor 'default' is for tests: only a program that links drydock's "
      "test-only part and calls register_simulated_kinds() (drydock/simulated_kinds.h) knows it. "
      "Valid kinds here: serial, thread_pool.\n";
  const Output by_variable =
      run("DATABASE_URL=postgresql:///app DRYDOCK_EXECUTOR=default=inline", "ada@example.org");
  EXPECT_EQ(by_variable.exit_code, 1);
  EXPECT_EQ(by_variable.text,
            "signup: drydock: DRYDOCK_EXECUTOR, entry 1 ('default=inline'): " + reason);
  const Output by_flag =
      run("DATABASE_URL=postgresql:///app", "--drydock_executor=default=inline ada@example.org");
  EXPECT_EQ(by_flag.exit_code, 1);
  EXPECT_EQ(by_flag.text,
            "signup: drydock: --drydock_executor, entry 1 ('default=inline'): " + reason);
}

TEST(ProductionTest, TheSameMainTakesThemInAProgramForTests) {
  drydock::TestDatabaseOptions options;
  options.schema_files = {"examples/signup/schema.sql"};
  const drydock::TestDatabase by_variable = open(options);
  // In the order of a single thread: each mail before the request that caused it says so.
  const std::string in_order =
      "mail to ada@example.org: Welcome. Your account is ready.\n"
      "user 1: ada@example.org\n"
      "mail to grace@example.org: Welcome. Your account is ready.\n"
      "user 2: grace@example.org\n";
  const std::string emails = "ada@example.org grace@example.org";
  const Output output = run(url_variable(by_variable) + " DRYDOCK_EXECUTOR='default=inline'",
                            emails, "signup_for_tests");
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.text, in_order);
  const drydock::TestDatabase by_flag = open(options);
  const Output again =
      run(url_variable(by_flag), "--drydock_executor='*=inline' " + emails, "signup_for_tests");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.text, in_order);
}

TEST(ProductionTest, TakesOtherKindsOfProduction) {
  drydock::TestDatabaseOptions options;
  options.schema_files = {"examples/signup/schema.sql"};
  const drydock::TestDatabase test_database = open(options);
  const Output output =
      run(url_variable(test_database), "--drydock_executor=mail=thread_pool ada@example.org");
  EXPECT_EQ(output.exit_code, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("mail to ada@example.org: Welcome."));
}

TEST(ProductionTest, SaysThatItsExecutorsAreMissing) {
  const Output output =
      run("DATABASE_URL=postgresql:///app", "--executors=no/such.yaml ada@example.org");
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.text, HasSubstr("no/such.yaml"));
}

}  // namespace
