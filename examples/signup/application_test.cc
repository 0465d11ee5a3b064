// The application as main() runs it, in a test program: its own wiring, its own configuration, real
// commits, and the kinds of executors that only tests know.
#include "examples/signup/application.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "drydock/pooled_database.h"
#include "drydock/simulated_kinds.h"
#include "drydock/simulation.h"
#include "drydock/test_database.h"

namespace signup {
namespace {

using ::testing::ElementsAre;

class RecordingMailer : public Mailer {
 public:
  void send(const Mail& mail) override {
    sent.push_back(mail.to);
    threads.push_back(std::this_thread::get_id());
  }
  std::vector<std::string> sent;
  std::vector<std::thread::id> threads;
};

class ApplicationTest : public ::testing::Test {
 protected:
  ~ApplicationTest() override { ::unsetenv("DRYDOCK_EXECUTOR"); }

  // As `DRYDOCK_EXECUTOR=<override> signup ada@example.org grace@example.org`.
  int run_with(const std::string& override) {
    ::setenv("DRYDOCK_EXECUTOR", override.c_str(), 1);
    std::vector<std::string> words = {"signup", "--database=" + test_database_.connection_string(),
                                      "ada@example.org", "grace@example.org"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    drydock::ExecutorsBuilder builder;
    register_simulated_kinds(builder, simulation_);
    return run(static_cast<int>(arguments.size()), arguments.data(), builder, mailer_);
  }

  int confirmed() {
    drydock::PooledDatabase database(test_database_.connection_string());
    return database.transact([](drydock::Transaction& tx) {
      return tx->exec("SELECT count(confirmation_sent_at) FROM users").at(0).at(0).as<int>();
    });
  }

  drydock::TestDatabase test_database_ = [] {
    drydock::TestDatabaseOptions options;
    options.schema_files = {"examples/signup/schema.sql"};
    auto database = drydock::TestDatabase::open(options);
    if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
    return *std::move(database);
  }();
  drydock::Simulation simulation_;
  RecordingMailer mailer_;
};

TEST_F(ApplicationTest, InlineEachMailIsSentByTheRequestItself) {
  EXPECT_EQ(run_with("default=inline"), 0);
  EXPECT_THAT(mailer_.sent, ElementsAre("ada@example.org", "grace@example.org"));
  EXPECT_THAT(mailer_.threads, ElementsAre(std::this_thread::get_id(), std::this_thread::get_id()));
  EXPECT_EQ(confirmed(), 2);
}

TEST_F(ApplicationTest, WithTheThreadsOfProductionTheMailIsSentBeforeItEnds) {
  EXPECT_EQ(run_with(""), 0);
  EXPECT_THAT(mailer_.sent, ElementsAre("ada@example.org", "grace@example.org"));
  EXPECT_NE(mailer_.threads.at(0), std::this_thread::get_id());
  EXPECT_EQ(confirmed(), 2);
}

}  // namespace
}  // namespace signup
