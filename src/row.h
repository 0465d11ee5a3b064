// A row: jobs in line that a drain runs one after the other before it writes the books of all; see
// src/engine_row.cc.
#ifndef DRYDOCK_SRC_ROW_H_
#define DRYDOCK_SRC_ROW_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "drydock/job.h"
#include "src/lane.h"
#include "src/slot_table.h"

namespace drydock::internal {

// Which sites the jobs of a row are of, in stretches of the same one: one stretch where one line
// has submitted them all, one each where two lines did in turn.
class SiteStretches {
 public:
  // The row begins, with a job of that site.
  void begin(std::uint32_t site) {
    count_ = 0;
    add(site, 0);
  }
  // From that job of the row on.
  void add(std::uint32_t site, std::size_t first) {
    stretches_[count_++] = {site, static_cast<std::uint32_t>(first)};
  }

  bool is_one() const { return count_ == 1; }

  // Visits the stretches of the row's first `jobs` jobs: `visit(site, first, count)`.
  template <class Visit>
  void visit(std::size_t jobs, Visit&& visit) const {
    for (std::size_t i = 0; i < count_ && stretches_[i].first < jobs; ++i) {
      const std::size_t first = stretches_[i].first;
      const std::size_t end = i + 1 < count_ ? stretches_[i + 1].first : jobs;
      visit(stretches_[i].site, first, std::min(end, jobs) - first);
    }
  }

 private:
  struct Stretch {
    std::uint32_t site;
    std::uint32_t first;
  };
  std::array<Stretch, SlotTable::Neighbours::kMostJobs> stretches_;
  std::size_t count_ = 0;
};

// None of its jobs has a parent, and each is run once.
struct Row {
  void begin(SlotTable::Neighbours jobs, Lane& of_lane) {
    slots = jobs;
    site = jobs.slot()->site();
    stretches.begin(site);
    lane = &of_lane;
    due = jobs.slot()->due();
  }

  SlotTable::Neighbours slots;
  SiteStretches stretches;
  std::uint32_t site = 0;  // of the first of them
  Lane* lane = nullptr;    // whose line begins with the row's jobs
  std::int64_t due = 0;    // of all of them
};

// How a row has ended.
struct RowEnd {
  // Null: all jobs that it could have have ended, and are to be written down. Otherwise the one
  // that has ended last, with the books written up to its start.
  Slot* broken_by = nullptr;
  JobResult result = {};
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_ROW_H_
