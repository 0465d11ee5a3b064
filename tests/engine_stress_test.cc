// Threads that submit, cancel and wait for each other's jobs at once, for ten seconds: nothing is
// lost, nothing runs twice and nobody waits in vain. DRYDOCK_STRESS_SECONDS=<n> sets how long.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/serial_executor.h"
#include "drydock/simulation.h"
#include "tests/stress_tickets.h"

namespace drydock {
namespace {

struct Executors {
  Simulation simulation;
  DeferredExecutor deferred{simulation, "deferred"};
  InlineExecutor immediate{simulation, "inline"};
  SerialExecutor deferred_strand{deferred, "deferred strand"};
  SerialExecutor inline_strand{immediate, "inline strand"};
  // Jobs of a strand count here without a lock: the strand is the lock.
  std::uint64_t in_deferred_strand = 0;
  std::uint64_t in_inline_strand = 0;
  // How often each thread was asked for a job by one that waits for it.
  std::atomic<std::uint64_t> asked[kStressThreads] = {};
  // How many of those that ask have not come to their end.
  std::atomic<int> asking{kStressThreads / 2};
};

class Worker {
 public:
  Worker(Executors& executors, int number)
      : executors_(executors), random_(static_cast<std::uint64_t>(number)), number_(number) {}

  void work(absl::Time end) {
    while (absl::Now() < end || (!asks() && executors_.asking > 0)) {
      answer();
      step();
    }
    if (asks()) {
      wait_for_another();
      --executors_.asking;
    }
    // The last word, for who waits for the thread.
    executors_.immediate.submit({.name = "done " + std::to_string(number_)}, [] {});
  }

  const StressTickets& tickets() const { return tickets_; }
  std::uint64_t strand_jobs(int strand) const { return strand_jobs_[strand]; }
  std::uint64_t waits() const { return waits_; }

 private:
  void step() {
    switch (random_() % 8) {
      case 0:
      case 1:
        tickets_.submit(executors_.deferred,
                        random_() % 2 == 0 ? absl::ZeroDuration() : absl::Seconds(1));
        break;
      case 2:
        tickets_.submit(executors_.immediate,
                        random_() % 4 == 0 ? absl::Seconds(1) : absl::ZeroDuration());
        break;
      case 3:
        tickets_.submit_nested(executors_.deferred);
        break;
      case 4:
        ++strand_jobs_[0];
        executors_.deferred_strand.submit([this] { ++executors_.in_deferred_strand; });
        break;
      case 5:
        ++strand_jobs_[1];
        executors_.inline_strand.submit([this] { ++executors_.in_inline_strand; });
        break;
      case 6:
        tickets_.cancel(executors_.deferred, random_());
        break;
      default:
        // Seldom: each time it looks through the whole journal.
        if (asks() && random_() % 16 == 0) wait_for_another();
        break;
    }
  }

  static std::string name_of_answer(int thread, std::uint64_t number) {
    return "answer " + std::to_string(number) + " of " + std::to_string(thread);
  }

  // Half of the threads wait for jobs of the other half: two that asked each other would both wait.
  bool asks() const { return number_ % 2 == 0; }

  // For a job that the other thread submits when it has seen that it is asked to.
  void wait_for_another() {
    const int other = 1 + 2 * static_cast<int>(random_() % (kStressThreads / 2));
    const std::uint64_t number = ++executors_.asked[other];
    const absl::Status status = executors_.simulation.journal().wait_for(
        finished(name_of_answer(other, number)), absl::Seconds(30));
    EXPECT_TRUE(status.ok()) << status.message();
    ++waits_;
  }

  // On this thread: behind all that waits for a drain, few waits would come to their end.
  void answer() {
    while (answered_ < executors_.asked[number_]) {
      executors_.immediate.submit({.name = name_of_answer(number_, ++answered_)}, [] {});
    }
  }

  Executors& executors_;
  std::mt19937_64 random_;
  int number_;
  StressTickets tickets_;
  std::uint64_t strand_jobs_[2] = {0, 0};
  std::uint64_t answered_ = 0;
  std::uint64_t waits_ = 0;
};

TEST(EngineStress, LosesNothingAndRunsNothingTwice) {
  Executors executors;
  std::deque<Worker> workers;
  for (int i = 0; i < kStressThreads; ++i) workers.emplace_back(executors, i);
  const absl::Time end = absl::Now() + stress_time();
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker, end] { worker.work(end); });

  // A drain goes on for as long as the threads feed it.
  DrainOptions no_limit;
  no_limit.max_spawned = std::numeric_limits<std::size_t>::max();
  while (absl::Now() < end) {
    // Empty drains would fill the journal, and hold the lock for most of the time.
    if (executors.deferred.pending_count() == 0) {
      std::this_thread::yield();
      continue;
    }
    executors.simulation.drain(no_limit);
    executors.simulation.advance_by(absl::Seconds(1), no_limit);
    executors.deferred.run_one();
  }
  for (int i = 0; i < kStressThreads; ++i) {
    EXPECT_TRUE(executors.simulation.journal()
                    .wait_for(finished("done " + std::to_string(i)), absl::Seconds(30))
                    .ok());
  }
  for (std::thread& thread : threads) thread.join();
  executors.simulation.advance_by(absl::Seconds(2), no_limit);

  EXPECT_TRUE(executors.simulation.pending().empty());
  EXPECT_TRUE(executors.simulation.findings().empty());
  std::uint64_t in_strands[2] = {0, 0};
  std::size_t jobs = 0;
  std::uint64_t waits = 0;
  for (const Worker& worker : workers) {
    jobs += worker.tickets().size();
    waits += worker.waits();
    worker.tickets().check();
    for (const int strand : {0, 1}) in_strands[strand] += worker.strand_jobs(strand);
  }
  EXPECT_EQ(executors.in_deferred_strand, in_strands[0]);
  EXPECT_EQ(executors.in_inline_strand, in_strands[1]);
  RecordProperty("jobs", static_cast<int>(jobs));
  RecordProperty("waits", static_cast<int>(waits));
}

}  // namespace
}  // namespace drydock
