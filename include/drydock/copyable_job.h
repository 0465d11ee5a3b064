// A job as a callable that can be copied, for pools that take a `std::function`.
//
//   pool.push(drydock::CopyableJob(std::move(job)));
//
// A `Job` is move-only, since it may own what it works on; oneTBB, Qt and many others copy what
// they run. asio, folly and std::thread take a `Job` as it is.
#ifndef DRYDOCK_COPYABLE_JOB_H_
#define DRYDOCK_COPYABLE_JOB_H_

#include <concepts>
#include <memory>
#include <utility>

#include "drydock/job.h"

namespace drydock {

// Copies share the one job. It runs with the first call and is destroyed by it; later calls, one
// after another, do nothing. Unrun, it is destroyed with the last copy.
class CopyableJob {
 public:
  // From a `Job` and nothing else: to ask whether this can be copied would otherwise be to ask
  // whether a `Job` can be made of it, and that, whether it can be copied.
  template <std::same_as<Job> J>
  explicit CopyableJob(J job) : job_(std::make_shared<Job>(std::move(job))) {}

  void operator()() const {
    Job job = std::exchange(*job_, nullptr);
    if (job) std::move(job)();
  }

 private:
  std::shared_ptr<Job> job_;
};

}  // namespace drydock

#endif  // DRYDOCK_COPYABLE_JOB_H_
