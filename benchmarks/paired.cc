#include "benchmarks/paired.h"

#include <pthread.h>
#include <sched.h>

namespace benchmarks {

KeepAwake::KeepAwake() {
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < processors; ++i) {
    threads_.emplace_back([this] {
      const sched_param priority = {};
      // A spinner of ordinary priority would take half the machine.
      if (pthread_setschedparam(pthread_self(), SCHED_IDLE, &priority) != 0) return;
      while (!stop_.load(std::memory_order_relaxed)) {
      }
    });
  }
}

KeepAwake::~KeepAwake() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace benchmarks
