// The jobs that open transactions hold until they commit: pending, but in no queue yet.
#ifndef DRYDOCK_SRC_HELD_JOBS_H_
#define DRYDOCK_SRC_HELD_JOBS_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/drain.h"

namespace drydock::internal {

class HeldJobs {
  struct HeldJob {
    PendingJob job;
    absl::Duration delay;
  };
  using Jobs = std::map<std::uint64_t, HeldJob>;

 public:
  // The number by which to take it out; never 0.
  std::uint64_t add(PendingJob job, absl::Duration delay) {
    jobs_.emplace(++last_, HeldJob{std::move(job), delay});
    return last_;
  }
  // Empty where there is none of that number.
  Jobs::node_type take(std::uint64_t number) { return jobs_.extract(number); }

  bool empty() const { return jobs_.empty(); }
  // Adds them to `pending`, in the order in which they came. The delay of each counts from its
  // commit, which would be `now`.
  void list(absl::Time now, std::vector<PendingJob>& pending) const {
    for (const auto& [number, held] : jobs_) {
      pending.push_back(held.job);
      pending.back().due = now + held.delay;
    }
  }

 private:
  Jobs jobs_;
  std::uint64_t last_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_HELD_JOBS_H_
