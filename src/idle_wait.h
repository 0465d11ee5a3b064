// A wait for the jobs of several sources, as one: what stands behind `wait_idle()`.
#ifndef DRYDOCK_SRC_IDLE_WAIT_H_
#define DRYDOCK_SRC_IDLE_WAIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor.h"
#include "src/deadline.h"
#include "src/idle_source.h"
#include "src/job_text.h"
#include "src/waits.h"

namespace drydock::internal {

class IdleWait final : public Wait {
 public:
  // Every target has a source.
  IdleWait(std::vector<IdleTarget> targets, absl::Duration timeout);

  // See drydock/wait_idle.h.
  absl::Status wait();
  // The same for those who wait though they may wait for ever. False: the deadline has passed.
  bool wait_at_any_rate();

  // What is left.
  UnfinishedJobs list() const;

  bool may_end(const StuckThreads& stuck) const override;
  std::string what() const override;
  SteadyTime deadline() const override { return deadline_; }

 private:
  class Listening;
  enum class Outcome { kIdle, kTimedOut, kBlocked };

  Outcome wait_until_idle(bool leave_if_blocked, std::string* ring);
  bool all_idle() const;
  absl::Status blocked_status(const std::string& ring) const;
  std::string labels() const;

  const std::vector<IdleTarget> targets_;
  std::vector<IdleSource*> sources_;  // each once, in the order of their addresses
  const absl::Duration timeout_;
  const SteadyTime deadline_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_IDLE_WAIT_H_
