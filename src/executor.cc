#include "drydock/executor.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "drydock/misuse_error.h"
#include "src/recurring_jobs.h"

namespace drydock {

Executor::Executor() : ids_(&own_ids_), recurring_(std::make_shared<internal::RecurringJobs>()) {}

Executor::Executor(JobIdSource& ids)
    : ids_(&ids), recurring_(std::make_shared<internal::RecurringJobs>()) {}

Executor::~Executor() = default;

JobId Executor::submit_every(JobOptions options, absl::Duration period, RecurringJob job,
                             SourceLocation where) {
  if (period <= absl::ZeroDuration()) {
    throw MisuseError("drydock: submit_every() at " + where.to_string() + " with a period of " +
                      absl::FormatDuration(period) +
                      " would run without a pause for ever. Pass a period above zero.");
  }
  if (!job) {
    throw std::invalid_argument(
        "drydock: submit_every() at " + where.to_string() +
        " was given an empty job. Pass a callable that takes no arguments.");
  }
  if (options.delay <= absl::ZeroDuration()) options.delay = period;
  const JobId id = ids_->next();
  // The body has to outlive each run, so that it is not in the job.
  do_submit_every(SubmittedJob(id, std::move(options), Job([] {}), where), period, std::move(job));
  return id;
}

bool Executor::cancel(JobId id) { return cancel_recurring(id).value_or(false); }

void Executor::do_submit_every(SubmittedJob first, absl::Duration period, RecurringJob job) {
  recurring_->start(
      std::move(first), period, std::move(job),
      [this](SubmittedJob next) { do_submit(std::move(next)); }, [this](JobId id) { cancel(id); });
}

void Executor::follow_clock(const Clock& clock) { recurring_->follow(clock); }

std::optional<bool> Executor::cancel_recurring(JobId id) { return recurring_->cancel(id); }

}  // namespace drydock
