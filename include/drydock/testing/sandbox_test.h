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
// A fixture that names the configuration of the application's executors gets them by the same
// names, `deferred` unless told otherwise, to wire the object under test as main() does:
//
//   class WiredTest : public drydock::SandboxTest {
//    protected:
//     WiredTest() : SandboxTest({.file = "executors.yaml", .kinds = "reports=inline"}) {}
//     SignupService service{make_signup_service(database(), executors(), mailer)};
//   };
//   ...
//     EXPECT_THAT(executor("mail"), has_pending("send_confirmation"));
//
// A test also fails for what an earlier one has left behind: a thread that still submits or uses
// the database of its ended sandbox, a failure that nobody took, a finding of a simulation without
// a sandbox that nobody looked at. The failure names that test.
//
// The notes of a sandbox's report (an isolation level that it cannot give, a BEGIN that PostgreSQL
// ignores) stand in the message of a failing test. Of a passing one each different note is printed
// once in a process, to the standard error. GoogleTest's XML and JSON have the notes of every test,
// as its properties drydock_note, drydock_note_2, ...
//
// Environment: DRYDOCK_ORDER (fifo, lifo, shuffle) and DRYDOCK_SEED set the order of every drain
// that asks for none, as do the flags of drydock/testing/init_testing.h; DRYDOCK_TRACE names a
// folder for traces (drydock/trace.h); DRYDOCK_STRATEGY is described in drydock/strategy.h.
//
// The schema is the one of `SandboxEnvironment`, where the test program's main() adds one, else
// what the environment variable DRYDOCK_SCHEMA names. DRYDOCK_STRATEGY=clone gives each test a
// database of its own; DRYDOCK_STRATEGY=both runs each test under both strategies, the second time
// in a process of its own, and fails it where the two end differently. Where it fails under both,
// it tells the failures that only one has. For another test framework,
// or for a sandbox in the middle of a test, use `Sandbox` itself.
#ifndef DRYDOCK_TESTING_SANDBOX_TEST_H_
#define DRYDOCK_TESTING_SANDBOX_TEST_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drydock/database.h"
#include "drydock/deferred_executor.h"
#include "drydock/drain.h"
#include "drydock/executors.h"
#include "drydock/inline_executor.h"
#include "drydock/sandbox.h"
#include "drydock/source_location.h"
#include "drydock/test_database.h"
#include "drydock/testing/test_executors.h"

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
  // With the executors of the application. Throws also where their configuration is wrong.
  explicit SandboxTest(const TestExecutorsOptions& options,
                       SourceLocation where = SourceLocation::current());

  Sandbox& sandbox() { return *sandbox_; }
  Database& database() { return sandbox_->database(); }

  // The application's executors, for the code that wires it. Throws `MisuseError` in a fixture that
  // names no configuration.
  Executors& executors();
  // The executor of this name as a deferred or an inline one. Where the fixture names a
  // configuration it is one of that: throws `std::out_of_range`, with the valid names, for another
  // name, and `MisuseError` where it is of another kind in this test. Where it names none, the
  // executor is made at the first call. All share one simulation.
  DeferredExecutor& executor(std::string_view name);
  InlineExecutor& inline_executor(std::string_view name);
  // One more of each, of no name and in no configuration.
  DeferredExecutor& executor() { return executor(""); }
  InlineExecutor& inline_executor() { return inline_executor(""); }
  // Runs what is due on all executors of the test.
  DrainReport drain(const DrainOptions& options = DrainOptions::kDefaults) {
    return sandbox_->simulation().drain(options);
  }

  // The database of this process, which all its sandboxes share.
  static TestDatabase& test_database();

  // Finishes the sandbox; each breach, finding and failure fails the test. A fixture that overrides
  // it calls it last. (One that forgets has it done by the destructor, when its own members are
  // gone.)
  void TearDown() override;

 private:
  template <class Kind>
  using ByName = std::map<std::string, std::unique_ptr<Kind>, std::less<>>;
  template <class Kind>
  Kind& find(ByName<Kind>& made, std::string_view name, const char* call);
  void finish();
  // With DRYDOCK_STRATEGY=both.
  void compare_strategies();

  std::unique_ptr<Sandbox> sandbox_;
  std::optional<Executors> executors_;  // of the application
  ByName<DeferredExecutor> deferred_executors_;
  ByName<InlineExecutor> inline_executors_;
  bool finished_ = false;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTING_SANDBOX_TEST_H_
