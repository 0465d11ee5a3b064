#include "drydock/deferred_executor.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/engine.h"

namespace drydock {

DeferredExecutor::DeferredExecutor() : DeferredExecutor(std::make_unique<Simulation>()) {}

DeferredExecutor::DeferredExecutor(std::unique_ptr<Simulation> own) : DeferredExecutor(*own, "") {
  own_ = std::move(own);
}

DeferredExecutor::DeferredExecutor(Simulation& simulation, std::string name)
    : Executor(simulation.engine_->job_ids()),
      simulation_(&simulation),
      engine_(simulation.engine_),
      name_(std::move(name)),
      lane_(engine_->add_lane(internal::Lane::kDeferred, name_)) {}

DeferredExecutor::~DeferredExecutor() = default;

DrainReport DeferredExecutor::drain(DrainOptions options) {
  return engine_->drain(options, lane_, "drain()");
}

bool DeferredExecutor::run_one() { return engine_->run_one(lane_); }
std::size_t DeferredExecutor::pending_count() const { return engine_->pending_count(lane_); }
std::vector<PendingJob> DeferredExecutor::pending() const { return engine_->pending(lane_); }
JobId DeferredExecutor::submit_every(JobOptions options, absl::Duration period,
                                     absl::AnyInvocable<void()> job, SourceLocation where) {
  return engine_->submit_every(lane_, std::move(options), period, std::move(job), where);
}

bool DeferredExecutor::cancel(JobId id) { return engine_->cancel(id); }

void DeferredExecutor::do_submit(SubmittedJob job) { engine_->submit(lane_, std::move(job)); }

std::optional<std::size_t> DeferredExecutor::do_run_queued() {
  const DrainReport report = engine_->drain({}, lane_, "Executors::shutdown()");
  // Where a limit has stopped it, it is not to be asked again; the finding tells of it.
  return report.limit.ok() ? report.runs.size() : 0;
}

internal::IdleTarget DeferredExecutor::idle_target() { return engine_->idle_target(lane_); }

}  // namespace drydock
