// The thread pool against asio's and oneTBB's: what one small job costs from submit to end.
//
// Each round runs kJobs jobs of 0, 1 or 10 µs on 1 or 2 threads, submitted by one outside thread or
// by the jobs themselves, and ends when the last one has ended. The three sides take turns round by
// round, so that a change of the machine's speed meets all of them; medians are compared: `ratio`
// is drydock's cost over that of the faster of the other two. Where one thread alone is at work,
// all sides have the same processor: in a virtual machine one may be half as fast as the next.
//
//   bazel run --config=opt //benchmarks:thread_pool_benchmark
#include <benchmark/benchmark.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/paired.h"
#include "benchmarks/targets.h"
#include "drydock/thread_pool_executor.h"

namespace {

using Clock = std::chrono::steady_clock;

// Jobs that a round has out at a time, as a program with bounded queues would.
constexpr int kFanOut = 100;

// Keeps a processor busy for `micros`.
void work(int micros) {
  if (micros == 0) return;
  const Clock::time_point end = Clock::now() + std::chrono::microseconds(micros);
  while (Clock::now() < end) {
  }
}

// Told of the end of each job; lets one thread wait for the last one.
class Countdown {
 public:
  explicit Countdown(int jobs) : left_(jobs) {}
  void count() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    ended_.notify_one();
  }
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    ended_.wait(lock, [this] { return done_; });
  }

 private:
  std::atomic<int> left_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
};

class DrydockSide {
 public:
  explicit DrydockSide(int threads)
      : pool_({.threads = threads, .max_queued = 1'000'000, .name = "benchmark"}) {}
  template <class F>
  void submit(F job) {
    pool_.submit(std::move(job));
  }
  void wait(Countdown&) { pool_.wait_idle(absl::InfiniteDuration()).IgnoreError(); }

 private:
  drydock::ThreadPoolExecutor pool_;
};

class AsioSide {
 public:
  explicit AsioSide(int threads) : pool_(threads) {}
  template <class F>
  void submit(F job) {
    asio::post(pool_, std::move(job));
  }
  void wait(Countdown& jobs) { jobs.wait(); }

 private:
  asio::thread_pool pool_;
};

// A task group in an arena of `threads` threads, of which the submitting one is one: it runs jobs
// while it waits.
class TbbSide {
 public:
  explicit TbbSide(int threads) : arena_(threads, 1) {}
  template <class F>
  void submit(F job) {
    group_.run(std::move(job));
  }
  template <class F>
  void inside(F body) {
    arena_.execute(body);
  }
  void wait(Countdown&) { group_.wait(); }

 private:
  tbb::task_arena arena_;
  tbb::task_group group_;
};

// Lets this thread, and those that it starts meanwhile, have only the processor that it is on.
class OnOneProcessor {
 public:
  OnOneProcessor() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    pthread_getaffinity_np(pthread_self(), sizeof before_, &before_);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
  }
  OnOneProcessor(const OnOneProcessor&) = delete;
  OnOneProcessor& operator=(const OnOneProcessor&) = delete;
  ~OnOneProcessor() { pthread_setaffinity_np(pthread_self(), sizeof before_, &before_); }

 private:
  cpu_set_t before_;
};

struct Load {
  int threads;
  int micros;
  bool from_jobs;
  int jobs;
};

template <class Side>
void submit_all(Side& side, const Load& load, Countdown& countdown) {
  const int micros = load.micros;
  const auto job = [micros, &countdown] {
    work(micros);
    countdown.count();
  };
  if (!load.from_jobs) {
    for (int i = 0; i < load.jobs; ++i) side.submit(job);
    side.wait(countdown);
    return;
  }
  // Jobs that each submit a batch and then the next of their kind.
  struct Spawner {
    Side* side;
    const Load* load;
    Countdown* countdown;
    int left;
    void operator()() const {
      const int micros = load->micros;
      Countdown* const done = countdown;
      for (int i = 0; i < kFanOut; ++i) {
        side->submit([micros, done] {
          work(micros);
          done->count();
        });
      }
      if (left > kFanOut) side->submit(Spawner{side, load, countdown, left - kFanOut});
    }
  };
  side.submit(Spawner{&side, &load, &countdown, load.jobs});
  side.wait(countdown);
}

// Nanoseconds a job.
template <class Side>
double run_round(Side& side, const Load& load) {
  Countdown countdown(load.jobs);
  const Clock::time_point start = Clock::now();
  if constexpr (std::is_same_v<Side, TbbSide>) {
    side.inside([&] { submit_all(side, load, countdown); });
  } else {
    submit_all(side, load, countdown);
  }
  const std::chrono::duration<double, std::nano> took = Clock::now() - start;
  return took.count() / load.jobs;
}

void submit_and_run(benchmark::State& state) {
  Load load{.threads = static_cast<int>(state.range(0)),
            .micros = static_cast<int>(state.range(1)),
            .from_jobs = state.range(2) != 0,
            .jobs = 0};
  std::optional<OnOneProcessor> on_one_processor;
  if (load.threads == 1 && load.from_jobs) on_one_processor.emplace();
  load.jobs = load.micros == 0 ? 100'000 : load.micros == 1 ? 30'000 : 5'000;
  DrydockSide drydock(load.threads);
  AsioSide asio(load.threads);
  TbbSide tbb(load.threads);
  std::vector<double> drydock_ns, asio_ns, tbb_ns;
  for (auto _ : state) {
    drydock_ns.push_back(run_round(drydock, load));
    asio_ns.push_back(run_round(asio, load));
    tbb_ns.push_back(run_round(tbb, load));
  }
  const bool asio_is_faster = benchmarks::median(asio_ns) < benchmarks::median(tbb_ns);
  const std::vector<double>& best_ns = asio_is_faster ? asio_ns : tbb_ns;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < best_ns.size(); ++i) ratios.push_back(drydock_ns[i] / best_ns[i]);
  state.counters["asio_ns"] = benchmarks::median(asio_ns);
  state.counters["tbb_ns"] = benchmarks::median(tbb_ns);
  state.counters["ours_us"] = benchmarks::median(drydock_ns) / 1e3;
  state.counters["theirs_us"] = benchmarks::median(best_ns) / 1e3;
  benchmarks::report_ratio(state, std::move(ratios), /*at_most=*/1.0);
}
BENCHMARK(submit_and_run)
    ->ArgNames({"threads", "us", "from_jobs"})
    ->ArgsProduct({{1, 2}, {0, 1, 10}, {0, 1}})
    ->Iterations(25)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// A thread that works when it is told to and then wakes the one that waits for it, by a condition
// variable and nothing else: what the machine takes for that.
class BareWorker {
 public:
  BareWorker() = default;
  BareWorker(const BareWorker&) = delete;
  BareWorker& operator=(const BareWorker&) = delete;
  ~BareWorker() {
    turn_to(kLeave);
    thread_.join();
  }

  void run(std::function<void()> job) {
    job_ = std::move(job);
    turn_to(kWork);
    wait_for(kDone);
  }

 private:
  enum Turn { kDone, kWork, kLeave };

  void turn_to(Turn turn) {
    {
      const std::lock_guard lock(mutex_);
      turn_ = turn;
    }
    turned_.notify_all();
  }
  void wait_for(Turn turn) {
    std::unique_lock lock(mutex_);
    turned_.wait(lock, [&] { return turn_ == turn; });
  }
  Turn wait_for_work() {
    std::unique_lock lock(mutex_);
    turned_.wait(lock, [&] { return turn_ != kDone; });
    return turn_;
  }

  std::function<void()> job_;
  std::mutex mutex_;
  std::condition_variable turned_;
  Turn turn_ = kDone;
  std::thread thread_{[this] {
    while (wait_for_work() == kWork) {
      job_();
      turn_to(kDone);
    }
  }};
};

// From the end of the work to the end of the wait for it, in microseconds.
template <class Wait>
double wake_time(Wait wait) {
  Clock::time_point ended;
  wait([&ended] {
    work(300);  // long enough for the other thread to fall asleep
    ended = Clock::now();
  });
  return std::chrono::duration<double, std::micro>(Clock::now() - ended).count();
}

double p99(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() * 99 / 100];
}

// From the end of the last job to the return of wait_idle() in the thread that sleeps in it. Beside
// it what a bare condition variable takes, in turn with it: a host that is busy delays both.
void wait_idle_wakes(benchmark::State& state) {
  // What is measured is the wake-up, and not how deep the machine has let a processor sleep.
  const benchmarks::KeepAwake awake;
  drydock::ThreadPoolExecutor pool({.threads = 2, .name = "benchmark"});
  BareWorker bare;
  std::vector<double> ours;
  std::vector<double> theirs;
  for (auto _ : state) {
    ours.push_back(wake_time([&](const auto& job) {
      pool.submit(job);
      pool.wait_idle(absl::InfiniteDuration()).IgnoreError();
    }));
    theirs.push_back(wake_time([&](const auto& job) { bare.run(job); }));
  }
  state.counters["p99_us"] = state.counters["ours_us"] = p99(ours);
  state.counters["p50_us"] = ours[ours.size() / 2];
  state.counters["theirs_us"] = p99(theirs);
  state.counters["at_most"] = 100;
}
BENCHMARK(wait_idle_wakes)->Iterations(2000)->UseRealTime();

}  // namespace

int main(int argc, char** argv) { return benchmarks::run_with_targets(argc, argv); }
