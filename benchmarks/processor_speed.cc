#include "benchmarks/processor_speed.h"

#include <benchmark/benchmark.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "absl/strings/str_format.h"

namespace benchmarks {
namespace {

// Chains of operations that do not wait for each other: what shares the processor takes units away.
void use_all_units() {
  std::array<std::uint64_t, 8> chains = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < 20'000; ++i) {
    for (std::uint64_t& chain : chains) {
      chain ^= chain << 13U;
      chain ^= chain >> 7U;
      benchmark::DoNotOptimize(chain);
    }
  }
}

double nanos_of_work() {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  // The first one also wakes the processor; and what interrupts one is no slowness.
  for (int i = 0; i < 5; ++i) {
    const Clock::time_point start = Clock::now();
    use_all_units();
    const double took = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    best = i == 0 ? took : std::min(best, took);
  }
  return best;
}

}  // namespace

void ProcessorSpeed::sample() {
  cpu_set_t allowed;
  if (pthread_getaffinity_np(pthread_self(), sizeof allowed, &allowed) != 0) return;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    if (pthread_setaffinity_np(pthread_self(), sizeof one, &one) != 0) continue;
    const double took = nanos_of_work();
    fastest_ = fastest_ == 0 ? took : std::min(fastest_, took);
    slowest_ = std::max(slowest_, took);
  }
  pthread_setaffinity_np(pthread_self(), sizeof allowed, &allowed);
}

std::string ProcessorSpeed::warning() const {
  constexpr double kSame = 1.1;
  if (slowest_ <= kSame * fastest_) return "";
  return absl::StrFormat(
      "The same work took a processor %.0f to %.0f us during the run: something else runs on this "
      "machine, or beside it on its host. Repeat the run before you trust a ratio of two busy "
      "threads.\n",
      fastest_ / 1e3, slowest_ / 1e3);
}

}  // namespace benchmarks
