// What it costs to submit a job and drain it, with every job in the journal and in the report,
// against asio's `post` + `poll`, which tracks nothing.

#include <benchmark/benchmark.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cstdint>

#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace {

void deferred_submit_and_drain(benchmark::State& state) {
  drydock::DeferredExecutor executor;
  std::int64_t sum = 0;
  for (auto iteration : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) executor.submit([&sum] { ++sum; });
    benchmark::DoNotOptimize(executor.drain());
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void asio_post_and_poll(benchmark::State& state) {
  asio::io_context context;
  std::int64_t sum = 0;
  for (auto iteration : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) asio::post(context, [&sum] { ++sum; });
    context.restart();
    benchmark::DoNotOptimize(context.poll());
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void inline_submit(benchmark::State& state) {
  drydock::InlineExecutor executor;
  std::int64_t sum = 0;
  for (auto iteration : state) executor.submit([&sum] { ++sum; });
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(deferred_submit_and_drain)->Arg(1)->Arg(10)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(asio_post_and_poll)->Arg(1)->Arg(10)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(inline_submit);

}  // namespace

BENCHMARK_MAIN();
