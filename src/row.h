// A row: jobs in line that a drain runs one after the other before it writes the books of all; see
// src/engine_row.cc.
#ifndef DRYDOCK_SRC_ROW_H_
#define DRYDOCK_SRC_ROW_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drydock/job.h"
#include "src/lane.h"
#include "src/slot_table.h"

namespace drydock::internal {

// The sites of a row's jobs.
class RowSites {
 public:
  // Of the first job; as long as nothing else is said, of all.
  void begin(std::uint32_t site) {
    front_ = site;
    alike_ = sites_.size();
  }
  // The job with that number, the next one, is of another, and those behind it are each said.
  // Apart, as it is called once in a row.
  [[gnu::noinline]] void begin_several(std::size_t index) {
    alike_ = index;
    std::fill_n(sites_.begin(), index, front_);
  }
  void set(std::size_t index, std::uint32_t site) { sites_[index] = site; }

  std::uint32_t front() const { return front_; }
  // Whether so many jobs from the first on are of one site, as where one line has submitted them.
  bool is_one(std::size_t jobs) const { return jobs <= alike_; }
  // Where they are not: the site of each.
  std::span<const std::uint32_t> first(std::size_t jobs) const { return {sites_.data(), jobs}; }

 private:
  std::uint32_t front_ = 0;
  std::size_t alike_ = 0;
  std::array<std::uint32_t, SlotTable::Neighbours::kMostJobs> sites_;
};

// None of its jobs has a parent, and each is run once.
struct Row {
  void begin(SlotTable::Neighbours jobs, Lane& of_lane) {
    slots = jobs;
    sites.begin(jobs.slot()->site());
    lane = &of_lane;
    due = jobs.slot()->due();
  }

  SlotTable::Neighbours slots;
  RowSites sites;
  Lane* lane = nullptr;  // whose line begins with the row's jobs
  std::int64_t due = 0;  // of all of them
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
