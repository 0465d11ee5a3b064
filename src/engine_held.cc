// What open transactions hold until they commit.

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "src/engine.h"
#include "src/transaction_mark.h"

namespace drydock::internal {

void Engine::transaction_began() {
  const MutexLock lock(store_.mutex);
  in_transaction_.push_back(std::this_thread::get_id());
}

void Engine::transaction_ended() {
  const MutexLock lock(store_.mutex);
  in_transaction_.erase(
      std::find(in_transaction_.begin(), in_transaction_.end(), std::this_thread::get_id()));
}

bool Engine::awaits_commit(const Lane& lane) const {
  if (lane.thread == std::this_thread::get_id()) return TransactionMark::find(*this) != nullptr;
  return std::find(in_transaction_.begin(), in_transaction_.end(), lane.thread) !=
         in_transaction_.end();
}

std::uint64_t Engine::hold(const IdleTarget& target, std::string name, SourceLocation where,
                           absl::Duration delay) {
  if (target.source != this || target.lane == kAllLanes) return 0;
  PendingJob job;
  job.name = std::move(name);
  job.where = where;
  job.reason = PendingJob::kAwaitingCommit;
  if (const auto submitter = current_job()) {
    job.parent = submitter->id();
    job.ancestors = submitter->ancestors();
    job.ancestors.insert(job.ancestors.begin(),
                         {submitter->id(), submitter->name(), submitter->where()});
  }
  const MutexLock lock(store_.mutex);
  job.executor = lanes_[target.lane]->executor;
  return held_.add(std::move(job), delay);
}

void Engine::let_go(std::uint64_t held) {
  if (held == 0) return;
  decltype(held_.take(held)) gone;  // destroyed after the mutex is released
  const MutexLock lock(store_.mutex);
  gone = held_.take(held);
}

}  // namespace drydock::internal
