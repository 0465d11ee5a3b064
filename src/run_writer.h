// Writes the runs of a drain into its report.
//
// Jobs that run one after the other mostly differ in their ids alone. The first of several such is
// written at once; the others are counted, and written at the end by a loop that looks up nothing.
#ifndef DRYDOCK_SRC_RUN_WRITER_H_
#define DRYDOCK_SRC_RUN_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
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
    if (report.runs.capacity() < jobs) make_room(report.runs, jobs);
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
  void add_row(const Row& row, const SiteTable& sites);

  // The same where these are all that the drain has run, and of one site; the report is complete.
  void write_all(const Row& row, const SiteTable& sites);

  // The report of a drain that has run that job only, once and with success.
  [[gnu::always_inline]] void write_single(std::vector<JobRun>& runs, const Slot& slot,
                                           const Lane& lane, const SiteTable& sites) {
    SpareRuns::take(runs);
    if (runs.size() > 1) runs.resize(1);
    JobRun& run = runs.empty() ? add_run(runs) : runs.front();
    clear_if_failed(run);
    parent_ = JobId();
    generation_ = 0;
    deliveries_ = 1;
    share(slot.due(), lane);
    share_site(slot.site(), sites);
    fill(run, slot.id().value());
  }

  // A run of that job, written out, for what is to be said of its failure.
  static JobRun describe(const Slot& slot, const Lane& lane, int deliveries,
                         const SiteTable& sites);
  void add_failed(const JobRun& run);

  // Writes what is left to be written. Whether no run has failed since `begin`.
  [[gnu::always_inline]] bool finish() {
    if (first_ != end_) write_rest();
    if (spare_ != spare_end_) drop_spare();
    return !failed_;
  }

 private:
  // Whether a run of that job would be like the last but for its id, which is the next.
  [[gnu::always_inline]] bool goes_on_with(const Slot& slot, const Lane& lane,
                                           int deliveries) const {
    return slot.id().value() == end_ && slot.site() == site_number_ && slot.due() == due_nanos_ &&
           slot.parent() == parent_ && slot.generation() == generation_ && lane_ == &lane &&
           deliveries == deliveries_;
  }
  static void make_room(std::vector<JobRun>& runs, std::size_t jobs);
  void start_new(const Slot& slot, const Lane& lane, int deliveries, const SiteTable& sites);
  // What the next runs have in common.
  [[gnu::always_inline]] void share(std::int64_t due, const Lane& lane) {
    if (&lane != lane_) {
      lane_ = &lane;
      executor_ = KnownText(lane.executor);
    }
    // The conversion is not cheap.
    if (due != due_nanos_) {
      due_nanos_ = due;
      due_ = absl::FromUnixNanos(due);
    }
  }
  [[gnu::always_inline]] void share_site(std::uint32_t site, const SiteTable& sites) {
    if (site == site_number_) return;
    site_number_ = site;
    site_ = &sites[site];
  }
  // An earlier report that held a failure did not leave its runs; its owner may have written some.
  [[gnu::always_inline]] static void clear_if_failed(JobRun& run) {
    if (!run.error.empty() || run.exception || !run.ancestors.empty()) clear(run);
  }
  // Comparing costs less than copying, and most runs were of the same job the last time.
  [[gnu::always_inline]] static void write_over(std::string& text, const KnownText& value) {
    if (!value.is(text)) assign(text, value.string());
  }
  [[gnu::always_inline]] void fill(JobRun& run, std::uint64_t id) {
    run.id = JobId(id);
    run.parent = parent_;
    write_over(run.name, site_->known_name);
    run.where = site_->where;
    run.due = due_;
    run.outcome = JobRun::kSucceeded;
    run.generation = generation_;
    run.deliveries = deliveries_;
    write_over(run.executor, executor_);
  }
  // Not inline, so that the loop of a row keeps its values in registers.
  [[gnu::noinline]] static JobRun& add_run(std::vector<JobRun>& runs);
  [[gnu::noinline]] static void clear(JobRun& run);
  [[gnu::noinline]] static void assign(std::string& text, const std::string& value);
  void write(std::uint64_t id);
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
  JobId parent_;
  std::uint32_t site_number_ = 0;
  int generation_ = 0;
  int deliveries_ = 0;
  const Site* site_ = nullptr;
  const Lane* lane_ = nullptr;
  KnownText executor_;
  std::int64_t due_nanos_ = 0;
  absl::Time due_ = absl::UnixEpoch();
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUN_WRITER_H_
