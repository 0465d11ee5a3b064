// The `main` of a benchmark whose targets are printed as a table behind Google Benchmark's output:
// what was measured, on both sides, and what it is to be at most.
//
//   int main(int argc, char** argv) { return benchmarks::run_with_targets(argc, argv); }
//
// A benchmark takes part by its counters: `at_most`, and one of `ratio`, `bytes_per_job` and
// `p99_us`, which that is a limit of; `ours_us` and `theirs_us` where there are two sides, and
// `ratio_low` and `ratio_high` where the ratio is one of many rounds. A ratio above its target by
// less than these can tell apart is "level" with it.
#ifndef BENCHMARKS_TARGETS_H_
#define BENCHMARKS_TARGETS_H_

namespace benchmarks {

int run_with_targets(int argc, char** argv);

}  // namespace benchmarks

#endif  // BENCHMARKS_TARGETS_H_
