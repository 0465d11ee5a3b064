#include "drydock/wait_idle.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "drydock/misuse_error.h"
#include "src/idle_wait.h"

namespace drydock {

absl::Status wait_idle(const std::vector<Executor*>& executors, absl::Duration timeout) {
  std::vector<internal::IdleTarget> targets;
  for (std::size_t i = 0; i < executors.size(); ++i) {
    const std::string which =
        "executor " + std::to_string(i + 1) + " of " + std::to_string(executors.size());
    if (executors[i] == nullptr) {
      throw MisuseError("drydock: wait_idle() was given a null pointer for " + which +
                        ". Pass the addresses of executors: wait_idle({&pool, &mail}, timeout).");
    }
    internal::IdleTarget target = executors[i]->idle_target();
    if (target.never_busy) continue;
    if (target.source == nullptr) {
      return absl::UnimplementedError(
          "drydock: wait_idle() was given an executor that cannot say when it is idle (" + which +
          "). One that hands its jobs to another overrides idle_target() and returns "
          "idle_target_of(other); for one with a queue of its own, submit through a "
          "SerialExecutor that stands on it and wait for that.");
    }
    targets.push_back(std::move(target));
  }
  if (targets.empty()) return absl::OkStatus();
  return internal::IdleWait(std::move(targets), timeout).wait();
}

absl::Status wait_idle(std::initializer_list<Executor*> executors, absl::Duration timeout) {
  return wait_idle(std::vector<Executor*>(executors), timeout);
}

}  // namespace drydock
