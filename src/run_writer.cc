#include "src/run_writer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "src/huge_pages.h"

namespace drydock::internal {

JobRun& RunWriter::add_run(std::vector<JobRun>& runs) { return runs.emplace_back(); }
void RunWriter::clear(JobRun& run) { run = JobRun(); }
void RunWriter::assign(std::string& text, const std::string& value) { text = value; }

// Writes over one of an earlier report's where there is one left.
[[gnu::always_inline]] inline JobRun& RunWriter::next() {
  if (spare_ == spare_end_) return add_run(report_->runs);
  JobRun& run = *spare_++;
  clear_if_failed(run);
  return run;
}

[[gnu::always_inline]] inline void RunWriter::write(std::uint64_t id) {
  fill(next(), id, *site_, alike_);
}

void RunWriter::make_room(std::vector<JobRun>& runs, std::size_t jobs) {
  runs.reserve(jobs);
  advise_huge_pages(runs.data(), runs.capacity() * sizeof(JobRun));
}

void RunWriter::write_rest() {
  for (; first_ != end_; ++first_) write(first_);
}

// Writes the first run at once, which in many drains stays the only one of its kind.
void RunWriter::start_new(const Slot& slot, const Lane& lane, int deliveries,
                          const SiteTable& sites) {
  if (first_ != end_) write_rest();
  alike_.parent = slot.parent();
  alike_.generation = slot.generation();
  alike_.deliveries = deliveries;
  share(slot.due(), lane);
  share_site(slot.site(), sites);
  if (site_number_ == 0) return write_unlisted(slot);
  write(slot.id().value());
  first_ = end_ = slot.id().value() + 1;
}

// Of a job whose name is not in the table of sites, which is full.
void RunWriter::write_unlisted(const Slot& slot) {
  const Site own(slot.where(), slot.name(), true);
  const Site* const unlisted = std::exchange(site_, &own);
  write(slot.id().value());
  site_ = unlisted;
  first_ = end_ = 0;
}

JobRun RunWriter::describe(const Slot& slot, const Lane& lane, int deliveries,
                           const SiteTable& sites) {
  JobRun run;
  run.id = slot.id();
  run.parent = slot.parent();
  run.name = slot.site() == 0 ? slot.name() : sites[slot.site()].name;
  run.where = slot.where();
  run.due = absl::FromUnixNanos(slot.due());
  run.generation = slot.generation();
  run.deliveries = deliveries;
  run.executor = lane.executor;
  return run;
}

void RunWriter::add_failed(const JobRun& run) {
  if (first_ != end_) write_rest();
  next() = run;
  failed_ = true;
}

void RunWriter::drop_spare() {
  report_->runs.resize(report_->runs.size() - static_cast<std::size_t>(spare_end_ - spare_));
}

}  // namespace drydock::internal
