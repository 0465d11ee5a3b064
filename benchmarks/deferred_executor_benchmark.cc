// What it costs to submit a job and drain it, with every job in the journal and in the report,
// against asio's `post` + `poll`, which tracks nothing. Each pair runs alone in the process, where
// glibc leaves the locks out, and beside a second thread, as tests mostly run.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cstdint>
#include <latch>
#include <thread>

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

void submit_and_drain(benchmark::State& state) {
  drydock::DeferredExecutor executor;
  std::int64_t sum = 0;
  for (auto iteration : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) executor.submit([&sum] { ++sum; });
    benchmark::DoNotOptimize(executor.drain());
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void submit_and_drain_named(benchmark::State& state) {
  drydock::DeferredExecutor executor;
  std::int64_t sum = 0;
  for (auto iteration : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      executor.submit({.name = "send_mail"}, [&sum] { ++sum; });
    }
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

void submit_and_drain_beside_a_thread(benchmark::State& state) {
  const SecondThread thread;
  submit_and_drain(state);
}

void asio_post_and_poll_beside_a_thread(benchmark::State& state) {
  const SecondThread thread;
  asio_post_and_poll(state);
}

// The heap that a queued job takes, its closure (here of eight bytes) among it.
void memory_of_queued_jobs(benchmark::State& state) {
  double bytes = 0;
  for (auto iteration : state) {
    drydock::DeferredExecutor executor;
    std::int64_t sum = 0;
    const auto in_use = [] {
      const struct mallinfo2 info = mallinfo2();
      return static_cast<double>(info.uordblks + info.hblkhd);
    };
    const double before = in_use();
    for (std::int64_t i = 0; i < state.range(0); ++i) executor.submit([&sum] { ++sum; });
    bytes = (in_use() - before) / static_cast<double>(state.range(0));
  }
  state.counters["bytes_per_job"] = bytes;
}

void inline_submit(benchmark::State& state) {
  drydock::InlineExecutor executor;
  std::int64_t sum = 0;
  for (auto iteration : state) executor.submit([&sum] { ++sum; });
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

// The ones without a second thread first: glibc does not go back to leaving locks out.
BENCHMARK(submit_and_drain)->Arg(1)->RangeMultiplier(10)->Range(1'000, 1'000'000);
BENCHMARK(asio_post_and_poll)->Arg(1)->RangeMultiplier(10)->Range(1'000, 1'000'000);
BENCHMARK(submit_and_drain_named)->Arg(1)->Arg(1'000);
BENCHMARK(inline_submit);
BENCHMARK(memory_of_queued_jobs)->Arg(1'000'000);
BENCHMARK(submit_and_drain_beside_a_thread)->Arg(1)->Arg(1'000);
BENCHMARK(asio_post_and_poll_beside_a_thread)->Arg(1)->Arg(1'000);

}  // namespace

BENCHMARK_MAIN();
