#include "drydock/inline_executor.h"

#include <memory>
#include <string>
#include <utility>

#include "src/engine.h"

namespace drydock {

InlineExecutor::InlineExecutor() : InlineExecutor(std::make_unique<Simulation>()) {}

InlineExecutor::InlineExecutor(std::unique_ptr<Simulation> own) : InlineExecutor(*own, "") {
  own_ = std::move(own);
}

InlineExecutor::InlineExecutor(Simulation& simulation, std::string name)
    : Executor(simulation.engine_->job_ids()),
      simulation_(&simulation),
      engine_(simulation.engine_),
      name_(std::move(name)),
      lane_(engine_->add_lane(internal::Lane::kInline, name_)) {}

InlineExecutor::~InlineExecutor() = default;

JobId InlineExecutor::submit_every(JobOptions options, absl::Duration period,
                                   absl::AnyInvocable<void()> job, SourceLocation where) {
  return engine_->submit_every(lane_, std::move(options), period, std::move(job), where);
}

bool InlineExecutor::cancel(JobId id) { return engine_->cancel(id); }

void InlineExecutor::do_submit(SubmittedJob job) { engine_->submit(lane_, std::move(job)); }

internal::IdleTarget InlineExecutor::idle_target() { return engine_->idle_target(lane_); }

}  // namespace drydock
