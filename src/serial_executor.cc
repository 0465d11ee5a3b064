#include "drydock/serial_executor.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/wait_idle.h"
#include "src/mailbox.h"

namespace drydock {

SerialExecutor::SerialExecutor(Executor& base, std::string name)
    : Executor(ids_of(base)),
      base_(base),
      name_(std::move(name)),
      mailbox_(base.keeps_strand_order()
                   ? nullptr
                   : std::make_shared<internal::Mailbox>(
                         name_, [&base](SubmittedJob job) { forward(base, std::move(job)); })) {}

SerialExecutor::~SerialExecutor() = default;

bool SerialExecutor::cancel(JobId id) {
  if (mailbox_ == nullptr) return base_.cancel(id);
  const std::optional<bool> recurred = cancel_recurring(id);
  bool taken = mailbox_->cancel(id);
  if (!taken && base_.cancel(id)) {
    taken = true;
    mailbox_->pump();
  }
  return recurred.value_or(taken);
}

absl::Status SerialExecutor::wait_idle(absl::Duration timeout) {
  return drydock::wait_idle({this}, timeout);
}

void SerialExecutor::do_submit(SubmittedJob job) {
  if (mailbox_ != nullptr) {
    mailbox_->submit(std::move(job));
    return;
  }
  job.set_strand(this);
  forward(base_, std::move(job));
}

void SerialExecutor::do_submit_every(SubmittedJob first, absl::Duration period, RecurringJob job) {
  if (mailbox_ != nullptr) {
    Executor::do_submit_every(std::move(first), period, std::move(job));
    return;
  }
  first.set_strand(this);
  forward_every(base_, std::move(first), period, std::move(job));
}

// Jobs of a strand on this one are jobs of this one.
internal::IdleTarget SerialExecutor::idle_target() {
  if (mailbox_ != nullptr) return mailbox_->idle_target();
  internal::IdleTarget target = idle_target_of(base_);
  if (target.strand == nullptr) target.strand = this;
  target.label = "strand '" + name_ + "' on " + target.label;
  return target;
}

}  // namespace drydock
