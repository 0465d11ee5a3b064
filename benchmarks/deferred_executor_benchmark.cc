// What it costs to submit a job and drain it, with every job in the journal and in the report,
// against asio's `post` + `poll`, which tracks nothing; and how that grows with the number of jobs.
//
// Each pair runs alone in the process, where glibc leaves the locks out, and beside a second
// thread, as tests mostly run.
//
//   bazel run --config=opt //benchmarks:deferred_executor_benchmark

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cstdint>
#include <fstream>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/paired.h"
#include "benchmarks/targets.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace {

// A thread that does nothing, so that the process has one.
class SecondThread {
 public:
  SecondThread() : thread_([this] { end_.wait(); }) {}
  SecondThread(const SecondThread&) = delete;
  SecondThread& operator=(const SecondThread&) = delete;
  ~SecondThread() {
    end_.count_down();
    thread_.join();
  }

 private:
  std::latch end_{1};
  std::thread thread_;
};

class Drydock {
 public:
  void run(std::int64_t jobs) {
    for (std::int64_t i = 0; i < jobs; ++i) executor_.submit([this] { ++sum_; });
    benchmark::DoNotOptimize(executor_.drain());
  }
  void run_named(std::int64_t jobs) {
    for (std::int64_t i = 0; i < jobs; ++i) {
      executor_.submit({.name = "send_mail"}, [this] { ++sum_; });
    }
    benchmark::DoNotOptimize(executor_.drain());
  }
  // Of two places in turn, so that no job is like the one before it, neither in the books nor in
  // what the processor calls; for an even number.
  void run_mixed(std::int64_t jobs) {
    for (std::int64_t i = 0; i + 1 < jobs; i += 2) {
      executor_.submit([this] { ++sum_; });
      executor_.submit([this] { ++sum_; });
    }
    benchmark::DoNotOptimize(executor_.drain());
  }

 private:
  std::int64_t sum_ = 0;
  drydock::DeferredExecutor executor_;
};

class Asio {
 public:
  void run(std::int64_t jobs) {
    for (std::int64_t i = 0; i < jobs; ++i) asio::post(context_, [this] { ++sum_; });
    context_.restart();
    benchmark::DoNotOptimize(context_.poll());
  }
  // Without names, which asio has none of.
  void run_named(std::int64_t jobs) { run(jobs); }
  void run_mixed(std::int64_t jobs) {
    for (std::int64_t i = 0; i + 1 < jobs; i += 2) {
      asio::post(context_, [this] { ++sum_; });
      asio::post(context_, [this] { ++sum_; });
    }
    context_.restart();
    benchmark::DoNotOptimize(context_.poll());
  }

 private:
  std::int64_t sum_ = 0;
  asio::io_context context_;
};

constexpr double kTarget = 1.0;

// Each call runs at least a thousand jobs, since a clock that is read for each would count as much
// as one.
benchmarks::CompareOptions options_for(std::int64_t jobs) {
  const std::int64_t repeats = jobs < 1'000 ? 1'000 / jobs : 1;
  return {.calls_per_round = static_cast<int>(std::clamp<std::int64_t>(400'000 / jobs, 1, 20)),
          .keep_awake = false,
          .units_per_call = static_cast<double>(jobs * repeats),
          .at_most = kTarget};
}

template <void (Drydock::*Run)(std::int64_t), void (Asio::*RunPeer)(std::int64_t)>
void compare_with_asio(benchmark::State& state) {
  const std::int64_t jobs = state.range(0);
  const std::int64_t repeats = jobs < 1'000 ? 1'000 / jobs : 1;
  Drydock drydock;
  Asio asio;
  benchmarks::compare(
      state,
      [&] {
        for (std::int64_t i = 0; i < repeats; ++i) (drydock.*Run)(jobs);
      },
      [&] {
        for (std::int64_t i = 0; i < repeats; ++i) (asio.*RunPeer)(jobs);
      },
      options_for(jobs));
}

void submit_and_drain_alone(benchmark::State& state) {
  compare_with_asio<&Drydock::run, &Asio::run>(state);
}
void submit_and_drain_named_alone(benchmark::State& state) {
  compare_with_asio<&Drydock::run_named, &Asio::run_named>(state);
}
void submit_and_drain_mixed_alone(benchmark::State& state) {
  compare_with_asio<&Drydock::run_mixed, &Asio::run_mixed>(state);
}
void submit_and_drain_beside_a_thread(benchmark::State& state) {
  const SecondThread thread;
  compare_with_asio<&Drydock::run, &Asio::run>(state);
}
void submit_and_drain_mixed_beside_a_thread(benchmark::State& state) {
  const SecondThread thread;
  compare_with_asio<&Drydock::run_mixed, &Asio::run_mixed>(state);
}

// How much more a job costs among a million than among a thousand: in executors of their own, that
// have run as many before.
template <class Side>
double growth() {
  constexpr std::int64_t kFew = 1'000;
  constexpr std::int64_t kMany = 1'000'000;
  const auto time_in_drains_of = [](std::int64_t jobs) {
    Side side;
    auto drains = [&] {
      for (std::int64_t i = 0; i < kMany / jobs; ++i) side.run(jobs);
    };
    drains();
    return benchmarks::time_of(drains);
  };
  const double time_of_many = time_in_drains_of(kMany);
  return time_of_many / time_in_drains_of(kFew);
}

// Against that of asio, whose queue is linear: the memory of the machine is slower than its caches
// for both, so that each costs more.
void growth_to_a_million_beside_a_thread(benchmark::State& state) {
  const SecondThread thread;
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  for (auto iteration : state) {
    ours.push_back(growth<Drydock>());
    theirs.push_back(growth<Asio>());
    ratios.push_back(ours.back() / theirs.back());
  }
  state.counters["our_growth"] = benchmarks::median(ours);
  state.counters["their_growth"] = benchmarks::median(theirs);
  benchmarks::report_ratio(state, std::move(ratios), kTarget);
}

// What the process has in memory, in bytes.
double resident_bytes() {
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE));
}

// The memory that a queued job takes, its closure (here of eight bytes) among it.
void memory_of_queued_jobs(benchmark::State& state) {
  double bytes = 0;
  for (auto iteration : state) {
    drydock::DeferredExecutor executor;
    std::int64_t sum = 0;
    // What is free in the heap would be taken first, and seem to cost nothing.
    malloc_trim(0);
    const double before = resident_bytes();
    for (std::int64_t i = 0; i < state.range(0); ++i) executor.submit([&sum] { ++sum; });
    bytes = (resident_bytes() - before) / static_cast<double>(state.range(0));
  }
  state.counters["bytes_per_job"] = bytes;
  state.counters["at_most"] = 160;
}

void inline_submit(benchmark::State& state) {
  drydock::InlineExecutor executor;
  std::int64_t sum = 0;
  for (auto iteration : state) executor.submit([&sum] { ++sum; });
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

// The ones without a second thread first: glibc does not go back to leaving locks out.
BENCHMARK(submit_and_drain_alone)
    ->Arg(2)
    ->RangeMultiplier(10)
    ->Range(1, 1'000'000)
    ->Apply(benchmarks::paired);
BENCHMARK(submit_and_drain_named_alone)->Arg(1)->Arg(1'000)->Apply(benchmarks::paired);
BENCHMARK(submit_and_drain_mixed_alone)->Arg(1'000)->Apply(benchmarks::paired);
BENCHMARK(inline_submit);
BENCHMARK(memory_of_queued_jobs)->Arg(1'000'000);
BENCHMARK(submit_and_drain_beside_a_thread)
    ->Arg(2)
    ->RangeMultiplier(10)
    ->Range(1, 1'000'000)
    ->Apply(benchmarks::paired);
BENCHMARK(submit_and_drain_mixed_beside_a_thread)->Arg(1'000)->Apply(benchmarks::paired);
BENCHMARK(growth_to_a_million_beside_a_thread)->Iterations(15)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) { return benchmarks::run_with_targets(argc, argv); }
