// Threads that submit to a pool and to strands on it, cancel and wait at once, for ten seconds:
// nothing is lost and nothing runs twice. DRYDOCK_STRESS_SECONDS=<n> sets how long.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "drydock/serial_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/stress_tickets.h"

namespace drydock {
namespace {

constexpr int kStrands = 3;

// A strand, and how many of its jobs have run, counted without a lock: the strand is the lock.
struct Strand {
  explicit Strand(Executor& pool) : executor(pool, "strand") {}
  SerialExecutor executor;
  std::uint64_t runs = 0;
};

struct Executors {
  Executors() {
    for (int i = 0; i < kStrands; ++i) strands.emplace_back(pool);
  }
  ThreadPoolExecutor pool{{.threads = 4, .name = "pool"}};
  std::deque<Strand> strands;
};

class Worker {
 public:
  Worker(Executors& executors, int number)
      : executors_(executors), random_(static_cast<std::uint64_t>(number)) {}

  void work(absl::Time end) {
    while (absl::Now() < end) step();
  }

  const std::deque<StressTickets>& tickets() const { return tickets_; }
  std::uint64_t strand_jobs(int strand) const { return strand_jobs_[strand]; }

 private:
  void step() {
    const auto strand = static_cast<std::size_t>(random_() % kStrands);
    switch (random_() % 8) {
      case 0:
      case 1:
        tickets_[0].submit(executors_.pool, delay());
        break;
      case 2:
        tickets_[0].submit_nested(executors_.pool);
        break;
      case 3:
        tickets_[1].submit(executors_.strands[0].executor, delay());
        break;
      case 4:
        ++strand_jobs_[strand];
        executors_.strands[strand].executor.submit(
            [&counted = executors_.strands[strand]] { ++counted.runs; });
        break;
      case 5:
        tickets_[0].cancel(executors_.pool, random_());
        break;
      case 6:
        tickets_[1].cancel(executors_.strands[0].executor, random_());
        break;
      default:
        wait(strand);
        break;
    }
  }

  absl::Duration delay() {
    return random_() % 4 == 0 ? absl::Microseconds(random_() % 2000) : absl::ZeroDuration();
  }

  // For a job of its own, which comes behind those that are queued; sometimes for all.
  void wait(std::size_t strand) {
    Executor& executor = random_() % 2 == 0 ? static_cast<Executor&>(executors_.pool)
                                            : executors_.strands[strand].executor;
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> ran = done->get_future();
    executor.submit([done] { done->set_value(); });
    ASSERT_EQ(ran.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    if (random_() % 64 != 0) return;
    const absl::Status idle = executors_.pool.wait_idle(absl::Milliseconds(1));
    ASSERT_TRUE(idle.ok() || absl::IsDeadlineExceeded(idle)) << idle;
  }

  Executors& executors_;
  std::mt19937_64 random_;
  std::deque<StressTickets> tickets_{2};  // of the pool, and of the first strand
  std::uint64_t strand_jobs_[kStrands] = {};
};

TEST(ThreadPoolStress, LosesNothingAndRunsNothingTwice) {
  Executors executors;
  std::deque<Worker> workers;
  for (int i = 0; i < kStressThreads; ++i) workers.emplace_back(executors, i);
  const absl::Time end = absl::Now() + stress_time();
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker, end] { worker.work(end); });
  for (std::thread& thread : threads) thread.join();
  for (Strand& strand : executors.strands) {
    ASSERT_EQ(strand.executor.wait_idle(absl::Seconds(30)), absl::OkStatus());
  }
  ASSERT_EQ(executors.pool.wait_idle(absl::Seconds(30)), absl::OkStatus());

  std::size_t jobs = 0;
  std::uint64_t in_strands[kStrands] = {};
  for (const Worker& worker : workers) {
    for (const StressTickets& tickets : worker.tickets()) {
      tickets.check();
      jobs += tickets.size();
    }
    for (int i = 0; i < kStrands; ++i) in_strands[i] += worker.strand_jobs(i);
  }
  for (std::size_t i = 0; i < kStrands; ++i) EXPECT_EQ(executors.strands[i].runs, in_strands[i]);
  RecordProperty("jobs", static_cast<int>(jobs));
}

}  // namespace
}  // namespace drydock
