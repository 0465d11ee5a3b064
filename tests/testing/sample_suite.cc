// A test program whose tests pass, fail and break in every way, for sandbox_test_test.cc to run one
// at a time and look at. Not a test by itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "drydock/context.h"
#include "drydock/sandbox_errors.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "drydock/thread_pool_executor.h"

namespace drydock {
namespace {

class Sample : public SandboxTest {
 protected:
  void add_user() {
    database().transact(
        [](Transaction& tx) { tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')"); });
  }

  // The row stands in the sandbox, and its name is known to the one who looks afterwards.
  void SetUp() override {
    std::printf("database: %s\n", test_database().connection_string().c_str());
    std::fflush(stdout);
    add_user();
  }
};

TEST_F(Sample, passes) { EXPECT_THAT(executor(), drained()); }

TEST_F(Sample, fails) {
  executor().submit({.name = "mail"}, [this] { add_user(); });
  ASSERT_EQ(1, 2) << "as the sample wants";
}

TEST_F(Sample, throws) {
  add_user();  // violates the unique constraint
}

TEST_F(Sample, leaves_a_job) {
  executor("mail").submit({.name = "send"}, [] {});
}

TEST_F(Sample, leaves_a_failure) {
  executor().submit({.name = "send"}, [] { throw std::runtime_error("no mail server"); });
  drain();
}

TEST_F(Sample, takes_a_failure) {
  executor().submit({.name = "send"}, [] { throw std::runtime_error("no mail server"); });
  EXPECT_THAT(drain(), has_failed("send", ::testing::HasSubstr("no mail server")));
  EXPECT_EQ(sandbox().simulation().take_failures().size(), 1);
}

TEST_F(Sample, submits_in_a_transaction) {
  database().transact([this](Transaction&) { inline_executor().submit({.name = "send"}, [] {}); });
}

TEST_F(Sample, misses_a_pending_job) {
  executor().submit({.name = "send_confirmation"}, [] {});
  EXPECT_THAT(executor(), has_pending("send_invoice", times(1)));
  drain();
}

TEST_F(Sample, fails_after_three_jobs) {
  std::string order;
  for (const char* name : {"a", "b", "c"}) {
    executor().submit({.name = name}, [&order, name] { order += name; });
  }
  drain();
  FAIL() << "order: " << order;
}

TEST_F(Sample, is_killed) {
  std::fflush(stdout);
  ::kill(::getpid(), SIGKILL);
}

// Under `kTransaction` time stands still.
TEST_F(Sample, depends_on_the_strategy) {
  const auto now = [](Transaction& tx) { return tx->exec1("SELECT now()")[0].as<std::string>(); };
  const std::string before = database().transact(now);
  EXPECT_EQ(before, database().transact(now));
}

TEST_F(Sample, fails_in_another_way) {
  const bool clone = std::getenv("DRYDOCK_STRATEGY") == std::string("clone");
  ADD_FAILURE() << "of both, in " << test_database().name();
  if (!clone) ADD_FAILURE() << "of one,\nin two lines";
  ADD_FAILURE() << "strategy " << (clone ? "clone" : "transaction");
}

TEST_F(Sample, fails_more_under_clone) {
  ADD_FAILURE() << "of both";
  if (std::getenv("DRYDOCK_STRATEGY") == std::string("clone")) ADD_FAILURE() << "of the clone";
}

TEST_F(Sample, dies_under_clone) {
  ADD_FAILURE() << "of both";
  if (std::getenv("DRYDOCK_STRATEGY") == std::string("clone")) std::_Exit(3);
}

TEST_F(Sample, vacuums) {
  database().transact([](Transaction& tx) { tx->exec("VACUUM users"); });
}

class Noted : public Sample {
 protected:
  void read_serializable() {
    database().transact({.isolation = Isolation::kSerializable},
                        [](Transaction& tx) { tx->exec("SELECT count(*) FROM users"); });
  }
};

TEST_F(Noted, asks_for_isolation) { read_serializable(); }
TEST_F(Noted, asks_for_isolation_again) {
  read_serializable();
  database().transact([](Transaction& tx) { tx->exec("BEGIN"); });
}

// --- What comes to light after its test.

// A thread that outlives its test, until it is told to go on and has ended.
class Straggler {
 public:
  void start(absl::AnyInvocable<void() &&> work) {
    thread_ = std::thread([this, work = std::move(work)]() mutable {
      go_.wait();
      std::move(work)();
    });
  }
  void finish() {
    if (!thread_.joinable()) return;
    go_.count_down();
    thread_.join();
  }

 private:
  std::latch go_{1};
  std::thread thread_;
};

Straggler& straggler() {
  static Straggler straggler;
  return straggler;
}

class LeakA : public Sample {
 protected:
  // Of the sandbox's own, so that nobody waits for it.
  static void use_the_database_later() {
    straggler().start([database = Sandbox::current()] {
      try {
        database->transact([](Transaction&) {});
      } catch (const SandboxClosedError&) {
      }
    });
  }
};
using LeakB = Sample;

TEST_F(LeakA, uses_the_database_late) { use_the_database_later(); }
TEST_F(LeakA, submits_late) {
  static DeferredExecutor* const late = new DeferredExecutor(sandbox().simulation(), "late");
  straggler().start([] { late->submit({.name = "send"}, [] {}); });
}
TEST_F(LeakA, is_allowed_to_use_the_database_late) {
  sandbox().allow(Finding::kLateAccess);
  use_the_database_later();
}
TEST_F(LeakA, is_there_when_it_comes_to_light) { straggler().finish(); }
TEST_F(LeakB, is_innocent) {}

// Without a sandbox.
TEST(Plain, leaves_a_failure) {
  DeferredExecutor executor;
  executor.submit({.name = "send"}, [] { throw std::runtime_error("no mail server"); });
  executor.drain();
}

// A finding that takes no database: the job leaves its context changed.
void leak_a_context(DeferredExecutor& executor) {
  static const ContextSlot<std::string> tenant("tenant");
  executor.submit({.name = "send"}, [] { tenant.set("acme"); });
  executor.drain();
}
TEST(Plain, leaves_a_finding) {
  DeferredExecutor executor;
  leak_a_context(executor);
}
TEST(Plain, looks_at_a_finding) {
  DeferredExecutor executor;
  leak_a_context(executor);
  EXPECT_EQ(executor.simulation().findings().size(), 1);
}
TEST(Plain, checks_for_findings) {
  DeferredExecutor executor;
  leak_a_context(executor);
  EXPECT_FALSE(executor.simulation().check().ok());
}
TEST(Plain, looks_before_a_finding) {
  DeferredExecutor executor;
  EXPECT_TRUE(executor.simulation().findings().empty());
  leak_a_context(executor);
}
TEST(Plain, allows_a_finding) {
  DeferredExecutor executor;
  leak_a_context(executor);
  executor.simulation().allow(Finding::kContextLeaked);
}
TEST_F(Sample, leaves_a_finding) { leak_a_context(executor()); }

TEST(Plain, has_two_simulations) {
  DeferredExecutor first;
  DeferredExecutor second;
  second.submit({.name = "of the second"}, [] {});
  second.drain();
  first.submit({.name = "of the first"}, [] {});
  first.drain();
}

TEST(Plain, fails_after_three_jobs) {
  DeferredExecutor executor;
  std::string order;
  for (const char* name : {"a", "b", "c"}) {
    executor.submit({.name = name}, [&order, name] { order += name; });
  }
  executor.drain();
  FAIL() << "order: " << order;
}

// Ends the straggler between two suites: after one test and before the next.
class EndsStraggler : public ::testing::EmptyTestEventListener {
 public:
  void OnTestSuiteEnd(const ::testing::TestSuite&) override { straggler().finish(); }
};

// A fixture that forgets to call the base class.
class Forgetful : public Sample {
 protected:
  void TearDown() override {}
};

TEST_F(Forgetful, leaves_a_job) {
  executor().submit({.name = "send"}, [] {});
}

// Prints how many rows other connections see after each test.
class Counting : public ::testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const ::testing::TestInfo&) override {
    const auto url = Access::url();
    pqxx::connection connection(url);
    pqxx::work work(connection);
    std::printf("rows: %d\n", work.exec1("SELECT count(*) FROM users")[0].as<int>());
  }

 private:
  struct Access : Sample {
    static std::string url() { return test_database().connection_string(); }
    void TestBody() override {}
  };
};

}  // namespace
}  // namespace drydock

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new drydock::Counting);
  testing::UnitTest::GetInstance()->listeners().Append(new drydock::EndsStraggler);
  testing::AddGlobalTestEnvironment(new drydock::SandboxEnvironment(
      {.schema_sql = "CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE);"}));
  return RUN_ALL_TESTS();
}
