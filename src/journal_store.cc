#include "src/journal_store.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>

#include "absl/time/time.h"

namespace drydock::internal {

void JournalStore::add_block() {
  Block* block = nullptr;
  if (blocks_.size() == kMostRecords / kBlockSize) {
    block = blocks_.front();
    blocks_.pop_front();
    first_record_ += kBlockSize;
    forgotten_ += count_events(*block);
  } else {
    block = arena_.add();
  }
  blocks_.push_back(block);
  next_ = block->records.data();
  block_end_ = next_ + kBlockSize;
  block->has_varied = false;
  block->first_time = static_cast<std::uint32_t>(times_.size() - 1);
  time_in_block_ = 0;
}

std::uint32_t JournalStore::count_events(const Block& block) {
  std::uint32_t events = 0;
  if (!block.has_varied) {
    // Several at a time, as each is where it is whatever the others are.
    for (const Record& record : block.records) events += record.events();
  } else {
    for (std::size_t i = 0; i < kBlockSize; i += block.records[i].size()) {
      events += block.records[i].events();
    }
  }
  return events;
}

bool JournalStore::make_varied(Record& last, std::uint32_t site) {
  if (next_ == block_end_) return false;
  ++next_;
  blocks_.back()->has_varied = true;
  const std::uint32_t first = last.site;
  last.kind = Record::kVariedSubmits;
  last.site = last.count = 0;
  last.add_site(first);
  last.add_site(site);
  return true;
}

void JournalStore::append_varied_runs(std::int64_t at, std::uint64_t first_job,
                                      std::span<const std::uint32_t> sites) {
  while (!sites.empty()) {
    if (next_ == block_end_) add_block();
    const auto room = static_cast<std::size_t>(block_end_ - next_ - 1);
    const std::size_t some =
        std::min(sites.size(), std::max(Record::sites_in(room), std::size_t{1}));
    if (room == 0) {
      add_record(Event::kStarted, at, {first_job, 0, sites.front()}, 0, 1, 0);
    } else {
      add_record(Record::kVariedRuns, at, {first_job, 0, 0}, 0, 0, 0);
      blocks_.back()->has_varied = true;
      next_ += Record::records_for(some);
      last_->add_sites(sites.first(some));
    }
    first_job += some;
    sites = sites.subspan(some);
  }
}

void JournalStore::append_outside(Event::Kind kind, std::int64_t at, std::uint64_t job,
                                  std::uint32_t site, std::uint32_t executor) {
  append_record(kind, at, {job, executor, site});
  Record& record = *(next_ - 1);
  record.count = record.open = 0;
  last_ = nullptr;
}

void JournalStore::tell_waiters() {
  appended_.notify_all();
  if (appended != nullptr) appended();
}

void JournalStore::add_time(std::int64_t at) {
  times_.push_back(at);
  last_time_ = at;
  ++time_in_block_;
}

void JournalStore::keep_times() {
  timed_ = watched_ = true;
  last_ = nullptr;
}

void JournalStore::tell_watchers() {
  last_ = nullptr;  // each event has its own time, and is new to those who wait
  if (timed_) append_real_time();
  if (waiters_ != 0) tell_waiters();
}

void JournalStore::count_waiters(int more) {
  waiters_ += more;
  watched_ = timed_ || waiters_ != 0;
  last_ = nullptr;
}

void JournalStore::append_real_time() {
  const std::thread::id thread = std::this_thread::get_id();
  auto place = std::find(threads_.begin(), threads_.end(), thread);
  if (place == threads_.end()) place = threads_.insert(place, thread);
  const std::int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::steady_clock::now().time_since_epoch())
                               .count();
  real_times_.push_back({now, static_cast<int>(place - threads_.begin()) + 1});
  if (real_times_.size() > kMostRecords) real_times_.pop_front();
}

JournalStore::RealTime JournalStore::real_time(std::size_t number) const {
  const std::size_t first = end() - real_times_.size();
  if (number < first) return {0, 0};
  const RealTime time = real_times_[number - first];
  return {time.nanos - real_times_.front().nanos, time.thread};
}

Event JournalStore::event(const Record& record, Event::Kind kind, std::size_t number) const {
  Event event;
  event.kind = kind;
  event.at = absl::FromUnixNanos(times_[block_of(number).first_time + record.time]);
  event.job = JobId(record.job);
  if (record.is_outside()) {
    event.executor = sites[record.parent].name;
  } else {
    event.parent = JobId(record.parent);
  }
  event.where = sites[record.site].where;
  // The default name is a job's.
  if (sites[record.site].named || event.job) event.name = sites[record.site].name;
  if (timed_) {
    const RealTime time = real_time(number);
    event.real_time = absl::Nanoseconds(time.nanos);
    event.thread = time.thread;
  }
  return event;
}

bool JournalStore::matches(const Record& record, Event::Kind kind,
                           const EventPattern& pattern) const {
  if (kind != pattern.kind) return false;
  if (pattern.name.empty()) return true;
  return sites[record.site].name == pattern.name;
}

bool JournalStore::wait_for_append(std::chrono::steady_clock::time_point deadline) {
  count_waiters(1);
  const bool in_time = appended_.wait_until(mutex, deadline);
  count_waiters(-1);
  return in_time;
}

}  // namespace drydock::internal
