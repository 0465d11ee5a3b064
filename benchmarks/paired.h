// Two pieces of code measured against each other in one run.
//
//   void insert(benchmark::State& state) {
//     benchmarks::compare(state, [&] { ours(); }, [&] { theirs(); });
//   }
//   BENCHMARK(insert)->Apply(benchmarks::paired);
//
// Round trips to a server vary several-fold with what else the machine does and how deep its
// processors sleep. So the two take turns, call by call, in rounds; a round counts with the median
// of each side, and the run with the medians of its rounds: `ours_us`, `theirs_us` and `ratio` of
// the output. The column `Time` is the mean over our side's rounds.
#ifndef BENCHMARKS_PAIRED_H_
#define BENCHMARKS_PAIRED_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace benchmarks {

constexpr int kRounds = 25;
constexpr int kCallsPerRound = 200;

// Keeps every processor out of deep sleep while it lives: a thread on each that spins at idle
// priority, which gives way to all others.
class KeepAwake {
 public:
  KeepAwake();
  KeepAwake(const KeepAwake&) = delete;
  KeepAwake& operator=(const KeepAwake&) = delete;
  ~KeepAwake();

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

// In seconds.
template <class Call>
double time_of(Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// One iteration of the benchmark is one round.
template <class Ours, class Theirs>
void compare(benchmark::State& state, Ours ours, Theirs theirs) {
  const KeepAwake awake;
  std::vector<double> our_medians;
  std::vector<double> their_medians;
  std::vector<double> ratios;
  std::vector<double> our_times(kCallsPerRound);
  std::vector<double> their_times(kCallsPerRound);
  const auto round = [&] {
    for (int call = 0; call < kCallsPerRound; ++call) {
      our_times[call] = time_of(ours);
      their_times[call] = time_of(theirs);
    }
  };
  round();  // to warm up
  for (auto iteration : state) {
    round();
    our_medians.push_back(median(our_times));
    their_medians.push_back(median(their_times));
    ratios.push_back(our_medians.back() / their_medians.back());
    state.SetIterationTime(our_medians.back());
  }
  state.counters["ours_us"] = median(our_medians) * 1e6;
  state.counters["theirs_us"] = median(their_medians) * 1e6;
  state.counters["ratio"] = median(ratios);
}

// The settings of a benchmark that uses `compare`.
inline void paired(benchmark::internal::Benchmark* settings) {
  settings->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(kRounds);
}

}  // namespace benchmarks

#endif  // BENCHMARKS_PAIRED_H_
