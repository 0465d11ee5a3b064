// What a simulation tells those who wait for its jobs.

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "drydock/finding.h"
#include "src/engine.h"

namespace drydock::internal {
namespace {

std::string label_of(const Lane& lane) {
  if (!lane.executor.empty()) return "executor '" + lane.executor + "'";
  return lane.kind == Lane::kInline ? "the inline executor" : "the deferred executor";
}

}  // namespace

IdleTarget Engine::idle_target(int lane) const {
  const MutexLock lock(store_.mutex);
  return {.source = const_cast<Engine*>(this), .lane = lane, .label = label_of(*lanes_[lane])};
}

template <class Visit>
bool Engine::find_unfinished(const IdleTarget& target, Visit&& visit) const {
  return slots_.find_if(
      [&](const Slot& slot, bool running, CoarseTick since) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        if (target.lane != kAllLanes && lanes_[slot.lane]->base != target.lane) return false;
        if (target.strand != nullptr && slot.strand() != target.strand) return false;
        if (!running && slot.due() > now()) return false;
        return visit(slot, running, since);
      });
}

bool Engine::idle(const IdleTarget& target, SteadyTime /*deadline*/) const {
  return !find_unfinished(target, [](const Slot&, bool, CoarseTick) { return true; });
}

// A job runs on the thread that its lane belongs to, and on no other.
bool Engine::may_become_idle(const IdleTarget& target, SteadyTime /*deadline*/,
                             const StuckThreads& stuck) {
  const MutexLock lock(store_.mutex);
  return !find_unfinished(target,
                          [&](const Slot& slot, bool, CoarseTick) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                            return is_stuck(stuck, lanes_[slot.lane]->thread);
                          });
}

bool Engine::runs_here(const IdleTarget& target) {
  const MutexLock lock(store_.mutex);
  return find_unfinished(
      target, [&](const Slot& slot, bool running, CoarseTick) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return running && lanes_[slot.lane]->thread == std::this_thread::get_id();
      });
}

std::vector<NamedJob> Engine::waiting_for_this_thread(const IdleTarget& target) {
  std::vector<NamedJob> jobs;
  const MutexLock lock(store_.mutex);
  find_unfinished(target,
                  [&](const Slot& slot, bool running, CoarseTick) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                    if (!running && lanes_[slot.lane]->thread == std::this_thread::get_id()) {
                      jobs.push_back({describe_job(slot), slot.id(), slot.where()});
                    }
                    return false;
                  });
  return jobs;
}

void Engine::list_unfinished(const IdleTarget& target, UnfinishedJobs& jobs) {
  const MutexLock lock(store_.mutex);
  find_unfinished(
      target, [&](const Slot& slot, bool running, CoarseTick since) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        // The context of a job that runs is its thread's.
        if (running ? !jobs.wants_running_of(*this) : !jobs.wants(observer_of(slot))) return false;
        const Lane& lane = *lanes_[slot.lane];
        UnfinishedJob line;
        if (!jobs.only_counts()) line.job = describe_job(slot);
        line.executor = label_of(lane);
        if (running) {
          since = lane.running_since;
          const ThreadCard& card = lane.thread == driver_ ? *driver_card_ : *lane.card;
          line.thread = card.name();
          line.activity = card.activity();
        }
        // Zero where the process had one thread only by then.
        line.since = coarse_tick_age(since != 0 ? since : made_);
        line.since_is_most = !is_exact(since);
        jobs.add(std::move(line));
        return false;
      });
}

bool Engine::note_blocked(const std::string& message, const NamedJob& job) {
  add_finding({Finding::kBlockedSubmit,
               message + "\n  Where that is meant, allow it: "
                         "sandbox.allow(drydock::Finding::kBlockedSubmit).",
               job.id, job.where});
  return true;
}

}  // namespace drydock::internal
