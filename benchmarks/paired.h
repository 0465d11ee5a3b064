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
// the output, with the bounds that the true ratio lies in. The column `Time` is the mean over our
// side's rounds.
#ifndef BENCHMARKS_PAIRED_H_
#define BENCHMARKS_PAIRED_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace benchmarks {

constexpr int kRounds = 25;

struct CompareOptions {
  int calls_per_round = 200;
  // For calls that sleep. Not where the process is to have one thread only.
  bool keep_awake = true;
  // What one call does several of: times are reported for one.
  double units_per_call = 1;
  // The ratio to reach; 0: none is asked for.
  double at_most = 0;
};

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

// Reports the median of what the rounds gave as the ratio, with its 95 % confidence interval: that
// of a median lies between two of the values, whatever these are distributed like, since how many
// of them are below the true one is binomial (Conover, Practical Nonparametric Statistics, 3.2).
inline void report_ratio(benchmark::State& state, std::vector<double> ratios, double at_most) {
  std::sort(ratios.begin(), ratios.end());
  const double count = static_cast<double>(ratios.size());
  const double reach = 1.96 * std::sqrt(count) / 2;
  const auto low = static_cast<std::size_t>(std::max(0.0, std::floor(count / 2 - reach)));
  state.counters["ratio"] = ratios[ratios.size() / 2];
  state.counters["ratio_low"] = ratios[low];
  state.counters["ratio_high"] = ratios[ratios.size() - 1 - low];
  if (at_most > 0) state.counters["at_most"] = at_most;
}

// One iteration of the benchmark is one round.
template <class Ours, class Theirs>
void compare(benchmark::State& state, Ours ours, Theirs theirs,
             const CompareOptions& options = {}) {
  std::optional<KeepAwake> awake;
  if (options.keep_awake) awake.emplace();
  std::vector<double> our_medians;
  std::vector<double> their_medians;
  std::vector<double> ratios;
  std::vector<double> our_times(options.calls_per_round);
  std::vector<double> their_times(options.calls_per_round);
  const auto round = [&] {
    for (int call = 0; call < options.calls_per_round; ++call) {
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
  state.counters["ours_us"] = median(our_medians) * 1e6 / options.units_per_call;
  state.counters["theirs_us"] = median(their_medians) * 1e6 / options.units_per_call;
  report_ratio(state, std::move(ratios), options.at_most);
}

// The settings of a benchmark that uses `compare`.
inline void paired(benchmark::internal::Benchmark* settings) {
  settings->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(kRounds);
}

}  // namespace benchmarks

#endif  // BENCHMARKS_PAIRED_H_
