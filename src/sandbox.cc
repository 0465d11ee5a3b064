#include "drydock/sandbox.h"

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/context.h"
#include "drydock/misuse_error.h"
#include "src/nested_transaction.h"
#include "src/sandbox_connection_pool.h"
#include "src/sandbox_presence.h"
#include "src/sandbox_state.h"

namespace drydock {
namespace {

// Carries the sandbox of the test into every job that is submitted in it, on whatever executor: a
// job holds its sandbox's state alive, and the sandbox sees when the last one is gone.
const ContextSlot<std::shared_ptr<internal::SandboxPresence>>& sandbox_slot() {
  static const ContextSlot<std::shared_ptr<internal::SandboxPresence>> slot("drydock sandbox");
  return slot;
}

}  // namespace

// The sandbox's own thread, for as long as the sandbox is open.
class Sandbox::Scope {
 public:
  explicit Scope(const std::shared_ptr<internal::SandboxState>& state)
      : gone_(std::make_shared<internal::PresenceGone>()),
        context_(sandbox_slot(), std::make_shared<internal::SandboxPresence>(state, gone_)) {}

  const std::shared_ptr<internal::PresenceGone>& gone() const { return gone_; }

 private:
  std::shared_ptr<internal::PresenceGone> gone_;
  ScopedContext<std::shared_ptr<internal::SandboxPresence>> context_;
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
  if (*separator == '\0') out << "no breach, no finding, no failure";
  return out;
}

Sandbox::Sandbox(TestDatabase& database, SandboxOptions options)
    : simulation_(std::make_unique<Simulation>()) {
  const auto& connections = database.sandbox_connections();
  state_ = std::make_shared<internal::SandboxState>(connections, simulation_->engine_,
                                                    std::move(options), connections->next_token());
  scope_ = std::make_unique<Scope>(state_);
}

Sandbox::~Sandbox() {
  if (scope_ == nullptr) return;
  scope_.reset();
  state_->engine().close();
  state_->close(nullptr);
  state_->engine().discard_pending();
  static_cast<void>(state_->engine().take_failures());
}

Database& Sandbox::database() { return *state_; }
Simulation& Sandbox::simulation() { return *simulation_; }
const std::string& Sandbox::token() const { return state_->token(); }

std::string Sandbox::connection_string() {
  throw MisuseError(
      "drydock: connection_string() of a sandbox: its transaction cannot be seen from a second "
      "connection. Give the code under test sandbox.database(), a drydock::Database&.");
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
  scope_.reset();
  // From here on no job of the simulation runs, and none holds the sandbox.
  engine.close();
  if (!gone->wait(state_->options().idle_timeout)) {
    const std::string holder = state_->lease_desk().describe_holder();
    report_->breaches.push_back(
        "jobs of this test were still queued or running on real threads " +
        absl::FormatDuration(state_->options().idle_timeout) + " after its end" +
        (holder.empty() ? std::string() : "; one holds the sandbox: " + holder) +
        ". Call wait_idle() on the executor before the test ends; it names them.");
  }
  engine.find_undrained();
  state_->close(&report_->breaches);
  report_->findings = engine.findings();
  report_->failures = engine.take_failures();
  engine.discard_pending();
  return *report_;
}

}  // namespace drydock
