#include "drydock/adapted_executor.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/wait_idle.h"
#include "src/delay_thread.h"
#include "src/job_ledger.h"

namespace drydock {

AdaptedExecutor::AdaptedExecutor(AdapterOptions options, std::string kind)
    : ledger_(std::make_shared<internal::JobLedger>(
          options.name.empty() ? std::move(kind) : std::move(options.name),
          std::move(options.on_failure))),
      delays_(std::make_unique<internal::DelayThread>(ledger_->name())) {}

AdaptedExecutor::~AdaptedExecutor() = default;

bool AdaptedExecutor::cancel(JobId id) {
  const std::optional<bool> recurred = cancel_recurring(id);
  const bool taken = ledger_->cancel(id);
  return recurred.value_or(taken);
}

absl::Status AdaptedExecutor::wait_idle(absl::Duration timeout) {
  return drydock::wait_idle({this}, timeout);
}

void AdaptedExecutor::shutdown() {
  // Without a deadline it cannot fail.
  ledger_->shutdown(absl::InfiniteDuration()).IgnoreError();
}

absl::Status AdaptedExecutor::shutdown(absl::Duration timeout) {
  return ledger_->shutdown(timeout);
}

const std::string& AdaptedExecutor::name() const { return ledger_->name(); }

internal::IdleTarget AdaptedExecutor::idle_target() { return ledger_->idle_target(); }

void AdaptedExecutor::do_close() { ledger_->close(/*takes_from_jobs=*/true); }

void AdaptedExecutor::do_submit(SubmittedJob job) {
  if (!job.is_delayed()) {
    ledger_->submit(std::move(job), [this](Job ticket) { hand_over(std::move(ticket)); });
    return;
  }
  ledger_->submit_delayed(
      std::move(job),
      [this](internal::SteadyTime due, Job call) { return call_at(due, std::move(call)); },
      [this](Job ticket) { hand_over(std::move(ticket)); });
}

absl::AnyInvocable<void()> AdaptedExecutor::call_at(std::chrono::steady_clock::time_point due,
                                                    Job call) {
  internal::DelayThread& delays = *delays_;
  return [&delays, key = delays.add(due, std::move(call))] { delays.remove(key); };
}

void AdaptedExecutor::end() {
  ledger_->end();
  delays_->stop();
}

}  // namespace drydock
