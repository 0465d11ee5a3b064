#include "drydock/sandbox.h"

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/misuse_error.h"
#include "src/clone_sandbox.h"
#include "src/delivery_comparison.h"
#include "src/idle_source.h"
#include "src/job_text.h"
#include "src/nested_transaction.h"
#include "src/sandbox_connection_pool.h"
#include "src/sandbox_presence.h"
#include "src/sandbox_state.h"
#include "src/test_observer.h"
#include "src/transaction_sandbox.h"
#include "src/waits.h"

namespace drydock {
namespace {

// The sandbox of the test is in the context of its thread and of every job that is submitted in it,
// on whatever executor: a job holds its sandbox's state alive, and the sandbox sees when the last
// one is gone.
using internal::test_observer_slot;

// `presence` is only compared: it may go at any moment.
std::string still_running(internal::SandboxState& state,
                          const internal::SandboxPresence* presence) {
  internal::UnfinishedJobs jobs(presence, &state.engine());
  jobs.set_names_executors(true);
  internal::visit_sources([&](internal::IdleSource& source) { source.list_unfinished({}, jobs); });
  const std::string timeout = internal::describe_duration(state.options().idle_timeout);
  std::string text = "jobs of this test were still queued or running on real threads " + timeout +
                     " after its end";
  if (!jobs.empty()) {
    text += ": " + jobs.summary() + ":" + jobs.lines();
  } else if (const std::string holder = state.describe_holders(); !holder.empty()) {
    text += "; one holds the sandbox: " + holder + ".";
  } else {
    text += ", on an executor that cannot list them.";
  }
  return text +
         "\n  Call drydock::wait_idle() on these executors before the test ends, or give the code "
         "under test a DeferredExecutor.";
}

Strategy default_strategy() {
  const absl::StatusOr<Strategy> strategy = strategy_of_environment();
  if (!strategy.ok()) throw std::invalid_argument(std::string(strategy.status().message()));
  return *strategy;
}

}  // namespace

// Puts the sandbox into the context of its own thread, for as long as it is open. Two that are open
// on one thread may end in any order.
class Sandbox::Scope {
 public:
  explicit Scope(const std::shared_ptr<internal::SandboxState>& state)
      : gone_(std::make_shared<internal::PresenceGone>()),
        presence_(std::make_shared<internal::SandboxPresence>(state, gone_)) {
    if (const auto* before = test_observer_slot().get()) before_ = *before;
    test_observer_slot().set(presence_);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    const auto* current = test_observer_slot().get();
    if (current == nullptr || *current != presence_) return;
    if (auto before = before_.lock()) {
      test_observer_slot().set(std::move(before));
    } else {
      test_observer_slot().clear();
    }
  }

  const std::shared_ptr<internal::PresenceGone>& gone() const { return gone_; }
  const internal::SandboxPresence* presence() const { return presence_.get(); }

 private:
  std::shared_ptr<internal::PresenceGone> gone_;
  std::shared_ptr<internal::SandboxPresence> presence_;
  std::weak_ptr<internal::TestObserver> before_;
};

absl::Status SandboxReport::status() const {
  if (findings.empty() && failures.empty() && breaches.empty()) return absl::OkStatus();
  std::ostringstream text;
  text << *this;
  return absl::FailedPreconditionError(text.str());
}

std::ostream& operator<<(std::ostream& out, const SandboxReport& report) {
  const char* separator = "";
  for (const std::string& breach : report.breaches) {
    out << std::exchange(separator, "\n") << breach;
  }
  for (const Finding& finding : report.findings) {
    out << std::exchange(separator, "\n") << finding;
  }
  for (const JobRun& failure : report.failures) {
    out << std::exchange(separator, "\n") << failure
        << "\n  Where the test expects the failure, it takes it: "
           "EXPECT_EQ(sandbox.simulation().take_failures().size(), 1).";
  }
  for (const std::string& note : report.notes) {
    out << std::exchange(separator, "\n") << "drydock note: " << note;
  }
  if (*separator == '\0') out << "no breach, no finding, no failure";
  return out;
}

Sandbox::Sandbox(TestDatabase& database, SandboxOptions options)
    : simulation_(std::make_unique<Simulation>(options.simulation)) {
  const Strategy strategy = options.strategy ? *options.strategy : default_strategy();
  // Takes back what a killed session has let go of. Where it cannot, the first transact says why.
  static_cast<void>(database.alive());
  std::string token = database.sandbox_connections()->next_token();
  if (strategy == Strategy::kClone) {
    state_ = std::make_shared<internal::CloneSandbox>(database.clones(), simulation_->engine_,
                                                      std::move(options), std::move(token));
  } else {
    state_ = std::make_shared<internal::TransactionSandbox>(database.sandbox_connections(),
                                                            database.clones(), simulation_->engine_,
                                                            std::move(options), std::move(token));
  }
  state_->engine().set_delivery_observer(internal::DeliveryComparison(state_));
  scope_ = std::make_unique<Scope>(state_);
}

Sandbox::~Sandbox() {
  if (state_->in_fork()) {
    // To close a connection that the parent still uses would end it for the parent: leak it.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): out of memory may end this child.
    new std::shared_ptr<internal::SandboxState>(std::move(state_));
    static_cast<void>(simulation_.release());
    static_cast<void>(scope_.release());
    return;
  }
  if (scope_ == nullptr) return;
  scope_.reset();
  state_->engine().close();
  state_->close(nullptr);
  state_->engine().discard_pending();
  std::vector<Finding> findings;
  std::vector<JobRun> failures;
  state_->engine().hand_over(&findings, &failures);
}

Database& Sandbox::database() { return *state_; }
Simulation& Sandbox::simulation() { return *simulation_; }
const std::string& Sandbox::token() const { return state_->token(); }

std::string Sandbox::connection_string() { return state_->connection_string(); }

void Sandbox::fail_next_commit(Injected failure, InjectionOptions options, SourceLocation where) {
  state_->injections().add(failure, std::move(options), where);
}

std::shared_ptr<Database> Sandbox::current() {
  const std::shared_ptr<internal::TestObserver>* observer = test_observer_slot().get();
  if (observer == nullptr) return nullptr;
  return static_cast<const internal::SandboxPresence&>(**observer).state();
}

SandboxReport Sandbox::finish() {
  if (report_) return *report_;
  internal::Engine& engine = state_->engine();
  if (internal::CurrentTransaction::find(state_.get()) != nullptr) {
    throw MisuseError(
        "drydock: finish() was called inside a transaction of its sandbox. Call it after "
        "transact() "
        "has returned.");
  }
  report_.emplace();
  const std::shared_ptr<internal::PresenceGone> gone = scope_->gone();
  const internal::SandboxPresence* const presence = scope_->presence();
  scope_.reset();
  // From here on no job of the simulation runs, and none holds the sandbox.
  engine.close();
  if (!gone->wait(state_->options().idle_timeout)) {
    report_->breaches.push_back(still_running(*state_, presence));
  }
  engine.find_undrained();
  state_->close(&report_->breaches);
  engine.hand_over(&report_->findings, &report_->failures);
  report_->notes = state_->notes();
  engine.discard_pending();
  return *report_;
}

}  // namespace drydock
