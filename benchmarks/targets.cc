#include "benchmarks/targets.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "benchmarks/processor_speed.h"

namespace benchmarks {
namespace {

struct Row {
  std::string name;
  std::string sides = {};  // what the two took, in nanoseconds
  std::string unit;
  double value;
  double at_most;
  std::string range = {};  // that the true ratio lies in
  double low = 0;          // the lower end of it
};

// As the table prints it: nobody measures thousandths of a ratio.
bool is_at_most(double value, double target) { return std::round(value * 100) <= target * 100; }

// A median above the target by less than the run can tell apart has not missed it.
const char* verdict(const Row& row) {
  if (is_at_most(row.value, row.at_most)) return "met";
  return is_at_most(row.low, row.at_most) ? "level" : "missed";
}

class TargetReporter : public benchmark::ConsoleReporter {
 public:
  TargetReporter() : ConsoleReporter(OO_None) { speed_.sample(); }

  void ReportRuns(const std::vector<Run>& runs) override {
    speed_.sample();
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) add(run);
  }

  void Finalize() override {
    ConsoleReporter::Finalize();
    if (rows_.empty()) return;
    std::size_t width = 0;
    for (const Row& row : rows_) width = std::max(width, row.name.size());
    std::printf("\n%-*s  %21s  %12s  %13s  %8s\n", static_cast<int>(width), "target",
                "ours / theirs, ns", "measured", "95 %", "at most");
    for (const Row& row : rows_) {
      std::printf("%-*s  %21s  %9.2f %-3s %12s  %7.2f  %s\n", static_cast<int>(width),
                  row.name.c_str(), row.sides.c_str(), row.value, row.unit.c_str(),
                  row.range.c_str(), row.at_most, verdict(row));
    }
    std::fputs(speed_.warning().c_str(), stdout);
  }

 private:
  static double counter(const Run& run, const std::string& name) {
    const auto found = run.counters.find(name);
    return found == run.counters.end() ? 0 : found->second.value;
  }

  void add(const Run& run) {
    const double at_most = counter(run, "at_most");
    if (at_most == 0) return;
    Row row{.name = run.run_name.function_name,
            .unit = "x",
            .value = counter(run, "ratio"),
            .at_most = at_most};
    if (!run.run_name.args.empty()) row.name += "/" + run.run_name.args;
    if (run.counters.contains("bytes_per_job")) {
      row.value = counter(run, "bytes_per_job");
      row.unit = "B";
    } else if (run.counters.contains("p99_us")) {
      row.value = counter(run, "p99_us");
      row.unit = "us";
    }
    if (run.counters.contains("ours_us")) {
      row.sides = absl::StrFormat("%.1f / %.1f", counter(run, "ours_us") * 1e3,
                                  counter(run, "theirs_us") * 1e3);
    }
    row.low = row.value;
    if (run.counters.contains("ratio_low")) {
      row.low = counter(run, "ratio_low");
      row.range = absl::StrFormat("%.2f - %.2f", row.low, counter(run, "ratio_high"));
    }
    rows_.push_back(row);
  }

  std::vector<Row> rows_;
  ProcessorSpeed speed_;
};

}  // namespace

int run_with_targets(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  TargetReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return 0;
}

}  // namespace benchmarks
