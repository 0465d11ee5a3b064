// What the stress tests share: jobs with tickets, which show at the end that each has run once, or
// never where it was taken back in time.
#ifndef DRYDOCK_TESTS_STRESS_TICKETS_H_
#define DRYDOCK_TESTS_STRESS_TICKETS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <vector>

#include "absl/time/time.h"
#include "drydock/executor.h"

namespace drydock {

constexpr int kStressThreads = 8;

// DRYDOCK_STRESS_SECONDS=<n> sets it.
inline absl::Duration stress_time() {
  const char* const seconds = std::getenv("DRYDOCK_STRESS_SECONDS");
  return absl::Seconds(seconds == nullptr ? 10 : std::atoi(seconds));
}

// Of one thread, which submits and cancels. Outlives its jobs.
class StressTickets {
 public:
  void submit(Executor& executor, absl::Duration delay) {
    Ticket& ticket = tickets_.emplace_back();
    ids_.push_back(executor.submit({.delay = delay}, [&ticket] { ++ticket.runs; }));
  }

  // A job that submits another, which nobody cancels.
  void submit_nested(Executor& executor) {
    Ticket& outer = tickets_.emplace_back();
    Ticket& inner = tickets_.emplace_back();
    nested_.push_back(tickets_.size() - 2);
    ids_.push_back(executor.submit([&executor, &outer, &inner] {
      ++outer.runs;
      executor.submit([&inner] { ++inner.runs; });
    }));
    ids_.push_back(JobId());
  }

  // One of the jobs so far; `random` picks it.
  void cancel(Executor& executor, std::size_t random) {
    if (ids_.empty()) return;
    const std::size_t index = random % ids_.size();
    if (!ids_[index] || tickets_[index].cancelled || !executor.cancel(ids_[index])) return;
    tickets_[index].cancelled = true;
    // The inner job of a cancelled outer one is never submitted.
    if (std::binary_search(nested_.begin(), nested_.end(), index)) {
      tickets_[index + 1].cancelled = true;
    }
  }

  // When all is done.
  void check() const {
    for (const Ticket& ticket : tickets_) ASSERT_EQ(ticket.runs.load(), ticket.cancelled ? 0 : 1);
  }
  std::size_t size() const { return tickets_.size(); }

 private:
  // What one job did, and whether it was taken back.
  struct Ticket {
    std::atomic<int> runs{0};
    bool cancelled = false;
  };

  std::deque<Ticket> tickets_;  // keeps its elements in place, which jobs refer to
  std::vector<JobId> ids_;      // by ticket; none: not to be cancelled
  std::vector<std::size_t> nested_;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_STRESS_TICKETS_H_
