// Executors that know nothing of strands, as one of an application's own would be.
#ifndef DRYDOCK_TESTS_PLAIN_EXECUTOR_H_
#define DRYDOCK_TESTS_PLAIN_EXECUTOR_H_

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "drydock/executor.h"
#include "drydock/executor_errors.h"
#include "drydock/thread_pool_executor.h"

namespace drydock {

// A pool behind another face. It cannot say when it is idle.
class PlainExecutor : public Executor {
 public:
  explicit PlainExecutor(ThreadPoolOptions options) : pool_(std::move(options)) {}
  bool cancel(JobId id) override {
    const std::optional<bool> recurred = cancel_recurring(id);
    const bool taken = pool_.cancel(id);
    return recurred.value_or(taken);
  }
  void shutdown() { pool_.shutdown(); }

 protected:
  void do_submit(SubmittedJob job) override { forward(pool_, std::move(job)); }

 private:
  ThreadPoolExecutor pool_;
};

// Runs each job where it is submitted.
class CallingThreadExecutor : public Executor {
 public:
  std::vector<std::string> errors;

 protected:
  void do_submit(SubmittedJob job) override {
    const JobResult result = job.run();
    if (result.error != nullptr) errors.push_back(describe(result.error));
  }
};

// Keeps jobs until the test runs them, drops them, or refuses them.
class HeldExecutor : public Executor {
 public:
  bool refuse = false;
  std::deque<SubmittedJob> jobs;
  std::vector<std::string> errors;

  void run_one() {
    SubmittedJob job = std::move(jobs.front());
    jobs.pop_front();
    const std::string name = job.name();
    const JobResult result = job.run();
    if (result.error != nullptr) errors.push_back(name + ": " + describe(result.error));
  }
  bool cancel(JobId id) override {
    const std::optional<bool> recurred = cancel_recurring(id);
    const bool taken =
        std::erase_if(jobs, [id](const SubmittedJob& job) { return job.id() == id; }) > 0;
    return recurred.value_or(taken);
  }

 protected:
  void do_submit(SubmittedJob job) override {
    if (refuse) throw QueueFullError("full");
    jobs.push_back(std::move(job));
  }
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_PLAIN_EXECUTOR_H_
