// The GoogleTest fixture: a sandbox and executors for each test, checked and rolled back at its
// end.
//
//   class SignupTest : public drydock::SandboxTest {
//    protected:
//     NiceMock<MockMailer> mailer;
//     SignupService service{database(), executor(), mailer};
//   };
//
//   TEST_F(SignupTest, sends_a_confirmation) {
//     EXPECT_CALL(mailer, send("ada@example.org", _));
//     service.register_user("ada@example.org");
//     drain();
//   }
//
// Environment: DRYDOCK_ORDER (fifo, lifo, shuffle) and DRYDOCK_SEED set the order of every drain
// that asks for none; DRYDOCK_TRACE names a folder for one trace a test (drydock/trace.h);
// DRYDOCK_STRATEGY is described in drydock/strategy.h.
//
// The schema is the one of `SandboxEnvironment`, where the test program's main() adds one, else
// what the environment variable DRYDOCK_SCHEMA names. DRYDOCK_STRATEGY=clone gives each test a
// database of its own; DRYDOCK_STRATEGY=both runs each test under both strategies, the second time
// in a process of its own, and fails it where the two end differently. For another test framework,
// or for a sandbox in the middle of a test, use `Sandbox` itself.
#ifndef DRYDOCK_TESTING_SANDBOX_TEST_H_
#define DRYDOCK_TESTING_SANDBOX_TEST_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "drydock/database.h"
#include "drydock/deferred_executor.h"
#include "drydock/drain.h"
#include "drydock/inline_executor.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"

namespace drydock {

// Names the schema for all `SandboxTest`s of the program, and drops the database after the last:
//
//   int main(int argc, char** argv) {
//     testing::InitGoogleTest(&argc, argv);
//     testing::AddGlobalTestEnvironment(
//         new drydock::SandboxEnvironment({.schema_files = {"db/schema.sql"}}));
//     return RUN_ALL_TESTS();
//   }
class SandboxEnvironment : public ::testing::Environment {
 public:
  explicit SandboxEnvironment(TestDatabaseOptions options);
  ~SandboxEnvironment() override;

  // Opens the database, so that a schema with an error fails the program once, not every test.
  void SetUp() override;
  void TearDown() override;

 private:
  TestDatabaseOptions options_;
};

class SandboxTest : public ::testing::Test {
 public:
  ~SandboxTest() override;

 protected:
  // Makes the sandbox: members of a derived fixture may be built on `database()` and `executor()`.
  // Throws where no database can be had; the test fails with the reason.
  SandboxTest();

  Sandbox& sandbox() { return *sandbox_; }
  Database& database() { return sandbox_->database(); }
  // The deferred executor of this name, made at the first call; all share one simulation.
  DeferredExecutor& executor(std::string_view name);
  DeferredExecutor& executor() { return executor(""); }
  InlineExecutor& inline_executor() { return inline_executor_; }
  // Runs what is due on all executors of the test.
  DrainReport drain(DrainOptions options = {}) { return sandbox_->simulation().drain(options); }

  // The database of this process, which all its sandboxes share.
  static TestDatabase& test_database();

  // Finishes the sandbox; each breach, finding and failure fails the test. A fixture that overrides
  // it calls it last. (One that forgets has it done by the destructor, when its own members are
  // gone.)
  void TearDown() override;

 private:
  void finish();
  void write_trace();
  // With DRYDOCK_STRATEGY=both.
  void compare_strategies();

  std::unique_ptr<Sandbox> sandbox_;
  std::map<std::string, std::unique_ptr<DeferredExecutor>, std::less<>> executors_;
  InlineExecutor inline_executor_;
  bool finished_ = false;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTING_SANDBOX_TEST_H_
