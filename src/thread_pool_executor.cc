#include "drydock/thread_pool_executor.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/wait_idle.h"
#include "src/thread_pool.h"

namespace drydock {
namespace internal {

int hardware_threads() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

namespace {

ThreadPoolOptions checked(ThreadPoolOptions options) {
  if (options.threads < 1) {
    throw std::invalid_argument("drydock: ThreadPoolExecutor '" + options.name +
                                "': threads = " + std::to_string(options.threads) +
                                ", but a pool needs at least 1 thread. Leave `threads` out for as "
                                "many as the machine has (" +
                                std::to_string(hardware_threads()) + " here).");
  }
  if (options.max_queued < 1) {
    throw std::invalid_argument("drydock: ThreadPoolExecutor '" + options.name +
                                "': max_queued = 0, but then it would refuse each job. Leave "
                                "`max_queued` out for 10000.");
  }
  return options;
}

}  // namespace
}  // namespace internal

ThreadPoolExecutor::ThreadPoolExecutor(ThreadPoolOptions options)
    : pool_(std::make_unique<internal::ThreadPool>(internal::checked(std::move(options)))) {
  if (const Clock* const clock = pool_->clock()) follow_clock(*clock);
}

ThreadPoolExecutor::~ThreadPoolExecutor() = default;

bool ThreadPoolExecutor::cancel(JobId id) {
  const std::optional<bool> recurred = cancel_recurring(id);
  const bool taken = pool_->cancel(id);
  return recurred.value_or(taken);
}

absl::Status ThreadPoolExecutor::wait_idle(absl::Duration timeout) {
  return drydock::wait_idle({this}, timeout);
}

void ThreadPoolExecutor::shutdown() {
  // Without a deadline it cannot fail.
  pool_->shutdown(absl::InfiniteDuration()).IgnoreError();
}

absl::Status ThreadPoolExecutor::shutdown(absl::Duration timeout) {
  return pool_->shutdown(timeout);
}

const std::string& ThreadPoolExecutor::name() const { return pool_->name(); }

int ThreadPoolExecutor::threads() const { return pool_->threads(); }

void ThreadPoolExecutor::do_submit(SubmittedJob job) { pool_->submit(std::move(job)); }

void ThreadPoolExecutor::do_close() { pool_->close(/*takes_from_jobs=*/true); }

void ThreadPoolExecutor::do_finish() { shutdown(); }

internal::IdleTarget ThreadPoolExecutor::idle_target() { return pool_->idle_target(); }

}  // namespace drydock
