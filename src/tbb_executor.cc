#include "drydock/tbb_executor.h"

#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "src/mutex.h"

namespace drydock {

// The jobs that the arena has tasks for, any of which runs whichever job is first.
class TbbExecutor::Queue {
 public:
  void push(Job job) {
    internal::MutexLock lock(mutex_);
    jobs_.push_back(std::move(job));
  }

  void run_one() {
    Job job;
    {
      internal::MutexLock lock(mutex_);
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    std::move(job)();
  }

 private:
  internal::Mutex mutex_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
};

TbbExecutor::TbbExecutor(oneapi::tbb::task_arena& arena, AdapterOptions options)
    : AdaptedExecutor(std::move(options), "tbb"),
      arena_(arena),
      queue_(std::make_shared<Queue>()) {}

TbbExecutor::~TbbExecutor() { end(); }

// A task of oneTBB's is copied, which a job is not.
void TbbExecutor::hand_over(Job job) {
  queue_->push(std::move(job));
  arena_.enqueue([queue = queue_] { queue->run_one(); });
}

}  // namespace drydock
