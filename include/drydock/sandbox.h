// One test's view of the database, undone at its end.
//
//   drydock::Sandbox sandbox(test_database);
//   drydock::DeferredExecutor executor(sandbox.simulation());
//   SignupService service(sandbox.database(), executor, mailer);
//   service.register_user("ada@example.org");
//   executor.drain();
//   EXPECT_TRUE(sandbox.finish().status().ok());
//
// All that the test does stands in one transaction, on one connection. What the application takes
// for a transaction is a savepoint in it; its end does what a commit does, except that it lasts
// only until the sandbox ends. With `Strategy::kClone` the test has a database of its own instead,
// and its commits are real. With GoogleTest use `SandboxTest`, which makes one for each test.
#ifndef DRYDOCK_SANDBOX_H_
#define DRYDOCK_SANDBOX_H_

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/database.h"
#include "drydock/drain.h"
#include "drydock/finding.h"
#include "drydock/injected.h"
#include "drydock/simulation.h"
#include "drydock/source_location.h"
#include "drydock/strategy.h"
#include "drydock/test_database.h"

namespace drydock {
namespace internal {
class SandboxState;
}

struct SandboxOptions {
  // What messages call the test.
  std::string name = {};
  // How long a `transact` waits for another thread's to end.
  absl::Duration lease_timeout = absl::Seconds(5);
  // With `kTransaction`: how long a statement waits for a lock that another connection holds, such
  // as another sandbox of this database that is open; then it fails (55P03), and says which ones
  // are. It is the session's lock_timeout, which the code may set itself. Infinite: for ever, as in
  // production; where one thread drives both sandboxes, that never ends.
  absl::Duration lock_timeout = absl::Seconds(5);
  // How long `finish` waits for jobs of this test that still run on real threads.
  absl::Duration idle_timeout = absl::Seconds(5);
  // Unset: what DRYDOCK_STRATEGY says, else `kTransaction`.
  std::optional<Strategy> strategy = {};
  // With `kClone`: how many transactions may be open at a time.
  int max_connections = 10;
  // Makes sequences, and so the ids of serial and identity columns, start in this test where the
  // template has them. (Sequences do not roll back: without it the next test goes on where this one
  // ended. A clone starts there anyway.) Costs a statement for each sequence, and other sandboxes
  // of the process cannot draw from a sequence until this one ends, and wait (`lock_timeout`): for
  // tests that look at the numbers.
  bool restart_sequences = false;
  // The order of its drains, and whether its journal can be drawn with real times.
  SimulationOptions simulation = {};
};

struct SandboxReport {
  // What was found, except what is allowed.
  std::vector<Finding> findings;
  // Failed jobs that the test has not taken.
  std::vector<JobRun> failures;
  // What else went wrong: threads that did not end, a lost connection.
  std::vector<std::string> breaches;
  // What may explain why something else failed, or what the sandbox did otherwise than asked. Does
  // not fail the test; `SandboxTest` prints it all the same.
  std::vector<std::string> notes;

  // OK, or `FailedPrecondition` with all of the above.
  absl::Status status() const;
};
std::ostream& operator<<(std::ostream& out, const SandboxReport& report);

// The thread that makes it finishes and destroys it; any thread may use its database.
class Sandbox {
 public:
  // `database` outlives it. Connects at the first `transact`, not here. Throws
  // `std::invalid_argument` where DRYDOCK_STRATEGY has another value than the valid ones.
  explicit Sandbox(TestDatabase& database, SandboxOptions options = {});
  // Rolls back where `finish` did not, without its checks: the test is failing by then.
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // What the code under test is given. Throws what libpqxx throws, and sandbox_errors.h. Stays
  // valid for a job that was submitted in this test, however late it runs.
  Database& database();

  // For clients that cannot be given a `Database`. With `kClone`: a URI of the test's database.
  // With `kTransaction` it throws `MisuseError`: the transaction cannot be seen from a second
  // connection.
  std::string connection_string();

  // Names this sandbox among all that are open on the machine, for logs and other processes.
  const std::string& token() const;

  // The queue, clock and journal for the executors of this test.
  Simulation& simulation();

  // Keeps findings of this kind from failing the test, made before or after.
  void allow(Finding::Kind kind) { simulation().allow(kind); }

  // Makes the commits that come next fail; see drydock/injected.h. From any thread. An injection
  // that no commit has met by the end fails the test.
  void fail_next_commit(Injected failure, InjectionOptions options = {},
                        SourceLocation where = SourceLocation::current());

  // The database of the sandbox that the calling thread, or the job that it runs, belongs to: the
  // test's own thread, and every job that was submitted in the test. Null outside of any.
  static std::shared_ptr<Database> current();

  // Waits until jobs of this test on real threads have ended, then checks that nothing is pending,
  // no failure untaken, no finding unallowed, then rolls back. Once; a second call returns the
  // first report. Throws `MisuseError` inside a transaction.
  SandboxReport finish();

 private:
  class Scope;
  std::unique_ptr<Simulation> simulation_;
  std::shared_ptr<internal::SandboxState> state_;
  std::unique_ptr<Scope> scope_;  // until the end
  std::optional<SandboxReport> report_;
};

}  // namespace drydock

#endif  // DRYDOCK_SANDBOX_H_
