// Writes the runs of a drain into its report.
//
// Jobs that run one after the other mostly differ in their ids alone. The first of several such is
// written at once; the others are counted, and written at the end by a loop that looks up nothing.
// Those of a row have ended when it is told of them, and are written by such a loop at once.
#ifndef DRYDOCK_SRC_RUN_WRITER_H_
#define DRYDOCK_SRC_RUN_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "drydock/drain.h"
#include "drydock/job.h"
#include "src/known_text.h"
#include "src/lane.h"
#include "src/row.h"
#include "src/site_table.h"
#include "src/slot_table.h"
#include "src/spare_runs.h"

namespace drydock::internal {

// Of one simulation, and used for one drain at a time: what the jobs of one share, those of the
// next mostly share too. Keeps pointers to sites and lanes, which stay where they are.
class RunWriter {
 public:
  // `report` is complete after `finish()`. Makes room for that many runs.
  [[gnu::always_inline]] void begin(DrainReport& report, std::size_t jobs) {
    SpareRuns::take(report.runs);
    if (report.runs.capacity() < jobs) [[unlikely]] {
      make_room(report.runs, jobs);
    }
    report_ = &report;
    spare_ = report.runs.data();
    spare_end_ = std::to_address(report.runs.end());
    failed_ = false;
    first_ = end_;
  }

  // A run of that job that succeeded.
  [[gnu::always_inline]] void add(const Slot& slot, const Lane& lane, int deliveries,
                                  const SiteTable& sites) {
    if (goes_on_with(slot, lane, deliveries)) {
      ++end_;
    } else {
      start_new(slot, lane, deliveries, sites);
    }
  }

  // Runs of the row's jobs that have ended, and have succeeded; they stand in their line still.
  [[gnu::always_inline]] void add_row(const Row& row, const SiteTable& sites) {
    if (first_ != end_) write_rest();
    alike_.begin_plain();
    share(row.due, *row.lane);
    const std::uint64_t first = row.lane->ready.front();
    const std::size_t jobs = row.slots.ended;
    first_ = end_ = first + jobs;
    share_site(row.sites.front(), sites);
    if (row.sites.is_one(jobs)) {
      const Site& site = *site_;
      return write_each(first, jobs, [&](std::size_t) -> const Site& { return site; });
    }
    const std::span<const std::uint32_t> numbers = row.sites.first(jobs);
    write_each(first, jobs, [&](std::size_t i) -> const Site& { return sites[numbers[i]]; });
  }

  // The report of a drain that has run that job only, once and with success.
  [[gnu::always_inline]] void write_single(std::vector<JobRun>& runs, const Slot& slot,
                                           const Lane& lane, const SiteTable& sites) {
    SpareRuns::take(runs);
    if (runs.size() > 1) runs.resize(1);
    JobRun& run = runs.empty() ? add_run(runs) : runs.front();
    clear_if_failed(run);
    alike_.begin_plain();
    share(slot.due(), lane);
    share_site(slot.site(), sites);
    fill(run, slot.id().value(), *site_, alike_);
  }

  // A run of that job, written out, for what is to be said of its failure.
  static JobRun describe(const Slot& slot, const Lane& lane, int deliveries,
                         const SiteTable& sites);
  void add_failed(const JobRun& run);

  // Writes what is left to be written. Whether no run has failed since `begin`.
  [[gnu::always_inline]] bool finish() {
    if (first_ != end_) write_rest();
    if (spare_ != spare_end_) [[unlikely]] {
      drop_spare();
    }
    return !failed_;
  }

 private:
  // What runs that follow each other mostly share, in the form that a report has it in.
  struct Alike {
    // Of jobs that no other one has submitted, and that run once.
    void begin_plain() {
      parent = JobId();
      generation = 0;
      deliveries = 1;
    }
    JobId parent;
    absl::Time due = absl::UnixEpoch();
    int generation = 0;
    int deliveries = 0;
  };

  // Whether a run of that job would be like the last but for its id, which is the next.
  [[gnu::always_inline]] bool goes_on_with(const Slot& slot, const Lane& lane,
                                           int deliveries) const {
    return slot.id().value() == end_ && slot.site() == site_number_ && slot.due() == due_nanos_ &&
           slot.parent() == alike_.parent && slot.generation() == alike_.generation &&
           lane_ == &lane && deliveries == alike_.deliveries;
  }
  static void make_room(std::vector<JobRun>& runs, std::size_t jobs);
  void start_new(const Slot& slot, const Lane& lane, int deliveries, const SiteTable& sites);
  // What the next runs have in common.
  [[gnu::always_inline]] void share(std::int64_t due, const Lane& lane) {
    if (&lane != lane_) [[unlikely]] {
      lane_ = &lane;
      executor_ = KnownText(lane.executor);
    }
    // The conversion is not cheap.
    if (due != due_nanos_) [[unlikely]] {
      due_nanos_ = due;
      alike_.due = absl::FromUnixNanos(due);
    }
  }
  [[gnu::always_inline]] void share_site(std::uint32_t site, const SiteTable& sites) {
    if (site == site_number_) return;
    site_number_ = site;
    site_ = &sites[site];
  }
  // An earlier report that held a failure did not leave its runs; its owner may have written some.
  [[gnu::always_inline]] static void clear_if_failed(JobRun& run) {
    if (!run.error.empty() || run.exception || !run.ancestors.empty()) [[unlikely]] {
      clear(run);
    }
  }
  // Comparing costs less than copying, and most runs were of the same job the last time.
  [[gnu::always_inline]] static void write_over(std::string& text, const KnownText& value) {
    if (!value.is(text)) [[unlikely]] {
      assign(text, value.string());
    }
  }
  [[gnu::always_inline]] void fill(JobRun& run, std::uint64_t id, const Site& site,
                                   const Alike& alike) const {
    run.id = JobId(id);
    run.parent = alike.parent;
    write_over(run.name, site.known_name);
    run.where = site.where;
    run.due = alike.due;
    run.outcome = JobRun::kSucceeded;
    run.generation = alike.generation;
    run.deliveries = alike.deliveries;
    write_over(run.executor, executor_);
  }
  // Not inline, so that the loop of a row keeps its values in registers.
  [[gnu::noinline]] static JobRun& add_run(std::vector<JobRun>& runs);
  [[gnu::noinline]] static void clear(JobRun& run);
  [[gnu::noinline]] static void assign(std::string& text, const std::string& value);
  void write(std::uint64_t id);
  template <class SiteOf>
  [[gnu::always_inline]] void write_each(std::uint64_t first, std::size_t jobs, SiteOf site_of) {
    const Alike alike = alike_;  // in registers
    std::size_t i = 0;
    JobRun* spare = spare_;
    for (; i != jobs && spare != spare_end_; ++i, ++spare) {
      clear_if_failed(*spare);
      fill(*spare, first + i, site_of(i), alike);
    }
    spare_ = spare;
    for (; i != jobs; ++i) fill(add_run(report_->runs), first + i, site_of(i), alike);
  }
  void write_rest();
  void write_unlisted(const Slot& slot);
  void drop_spare();
  JobRun& next();

  DrainReport* report_ = nullptr;
  // Runs of an earlier report, to be written over.
  JobRun* spare_ = nullptr;
  JobRun* spare_end_ = nullptr;
  bool failed_ = false;

  // The ids of those that are not written yet, from `first_` on and before `end_`, which
  // is the one to go on with; no job has the id 0.
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
  // What they share.
  Alike alike_;
  std::uint32_t site_number_ = 0;
  const Site* site_ = nullptr;
  const Lane* lane_ = nullptr;
  KnownText executor_;
  std::int64_t due_nanos_ = 0;  // alike_.due
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUN_WRITER_H_
