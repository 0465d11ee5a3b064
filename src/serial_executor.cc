#include "drydock/serial_executor.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/mailbox.h"

namespace drydock {
namespace {

// "drydock: executor 'pool' is not idle …" of the base becomes "drydock: strand 'mail' on executor
// 'pool' is not idle …".
absl::Status in_the_name_of(const std::string& strand, const absl::Status& status) {
  constexpr std::string_view kStart = "drydock: ";
  const std::string_view message(status.message().data(), status.message().size());
  if (status.ok() || !message.starts_with(kStart)) return status;
  const std::string text = std::string(kStart) + "strand '" + strand + "' on " +
                           std::string(message.substr(kStart.size()));
  return absl::Status(status.code(), text);
}

}  // namespace

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
  if (mailbox_->cancel(id)) return true;
  if (!base_.cancel(id)) return false;
  mailbox_->pump();
  return true;
}

absl::Status SerialExecutor::wait_idle(absl::Duration timeout) {
  return do_wait_idle(nullptr, timeout);
}

void SerialExecutor::do_submit(SubmittedJob job) {
  if (mailbox_ != nullptr) {
    mailbox_->submit(std::move(job));
    return;
  }
  job.set_strand(this);
  forward(base_, std::move(job));
}

// Jobs of a strand on this one are jobs of this one.
absl::Status SerialExecutor::do_wait_idle(const void*, absl::Duration timeout) {
  if (mailbox_ != nullptr) return mailbox_->wait_idle(timeout);
  return in_the_name_of(name_, wait_idle_of(base_, this, timeout));
}

}  // namespace drydock
