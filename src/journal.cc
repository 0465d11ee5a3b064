#include "drydock/journal.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "src/deadline.h"
#include "src/journal_store.h"
#include "src/waits.h"

namespace drydock {
namespace internal {

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

}  // namespace internal

namespace {

using Record = internal::JournalStore::Record;

// Of many events the first few say what the rest would.
constexpr int kMostListed = 10;

std::string describe(const EventPattern& pattern) {
  return std::string(to_string(pattern.kind)) +
         (pattern.name.empty() ? "" : " '" + pattern.name + "'");
}

// "No job has failed".
const char* none_of(Event::Kind kind) {
  switch (kind) {
    case Event::kSubmitted:
      return "No job was submitted";
    case Event::kStarted:
      return "No job has started";
    case Event::kFinished:
      return "No job has finished";
    case Event::kFailed:
      return "No job has failed";
    case Event::kCancelled:
      return "No job was cancelled";
    case Event::kDropped:
      return "No job or hook was dropped";
    case Event::kDrainStarted:
      return "No drain has started";
    case Event::kDrainEnded:
      return "No drain has ended";
    case Event::kClockAdvanced:
      return "The clock was not advanced";
    case Event::kTransactionBegan:
      return "No transaction has begun";
    case Event::kTransactionCommitted:
      return "No transaction was committed";
    case Event::kTransactionRolledBack:
      return "No transaction was rolled back";
    case Event::kHookFailed:
      return "No hook has failed";
    case Event::kFindingMade:
      return "No finding was made";
  }
  return "No such event has happened";
}

class EventWait final : public internal::Wait {
 public:
  EventWait(internal::JournalStore& store, const EventPattern& pattern,
            internal::SteadyTime deadline)
      : store_(store), pattern_(pattern), deadline_(deadline) {}

  // Looks at the events since the last look.
  bool has_happened() {
    const internal::MutexLock lock(store_.mutex);
    bool happened = false;
    store_.visit_from(seen_, [&](const Record& record, Event::Kind kind, std::size_t)
                                 ABSL_NO_THREAD_SAFETY_ANALYSIS {
                                   happened = store_.matches(record, kind, pattern_);
                                   return !happened;
                                 });
    if (!happened) seen_ = store_.mark();
    return happened;
  }
  // Returns when there are events since. False: the deadline has passed.
  bool wait_for_append() {
    const internal::MutexLock lock(store_.mutex);
    return store_.end() != seen_ || store_.wait_for_append(deadline_);
  }

  bool may_end(const internal::StuckThreads& stuck) const override {
    return store_.may_come(pattern_, stuck);
  }
  std::string what() const override { return "for the event " + describe(pattern_); }
  internal::SteadyTime deadline() const override { return deadline_; }

 private:
  internal::JournalStore& store_;
  const EventPattern& pattern_;
  const internal::SteadyTime deadline_;
  std::size_t seen_ = 0;
};

}  // namespace

EventPattern submitted(std::string name) { return {Event::kSubmitted, std::move(name)}; }
EventPattern started(std::string name) { return {Event::kStarted, std::move(name)}; }
EventPattern finished(std::string name) { return {Event::kFinished, std::move(name)}; }
EventPattern failed(std::string name) { return {Event::kFailed, std::move(name)}; }
EventPattern dropped(std::string name) { return {Event::kDropped, std::move(name)}; }

std::vector<Event> Journal::events() const {
  const internal::MutexLock lock(store_.mutex);
  std::vector<Event> events;
  store_.visit_from(0, [&](const Record& record, Event::Kind kind, std::size_t number)
                           ABSL_NO_THREAD_SAFETY_ANALYSIS {
                             events.push_back(store_.event(record, kind, number));
                             return true;
                           });
  return events;
}

void Journal::keep_real_times() {
  const internal::MutexLock lock(store_.mutex);
  store_.keep_times();
}

std::size_t Journal::forgotten() const {
  const internal::MutexLock lock(store_.mutex);
  return store_.forgotten();
}

std::size_t Journal::count(const EventPattern& pattern) const {
  const internal::MutexLock lock(store_.mutex);
  std::size_t count = 0;
  store_.visit_from(
      0, [&](const Record& record, Event::Kind kind, std::size_t) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        count += store_.matches(record, kind, pattern) ? 1 : 0;
        return true;
      });
  return count;
}

absl::Status Journal::happened_before(const EventPattern& earlier,
                                      const EventPattern& later) const {
  const internal::MutexLock lock(store_.mutex);
  int first = 0, second = 0, index = 0;  // the places of the two, counted from 1
  std::string text;
  store_.visit_from(0, [&](const Record& record, Event::Kind kind, std::size_t number)
                           ABSL_NO_THREAD_SAFETY_ANALYSIS {
                             ++index;
                             int* place = nullptr;
                             if (first == 0 && store_.matches(record, kind, earlier))
                               place = &first;
                             if (second == 0 && store_.matches(record, kind, later))
                               place = &second;
                             if (place == nullptr) return true;
                             *place = index;
                             std::ostringstream line;
                             line << "\n  " << store_.event(record, kind, number);
                             text += line.str();
                             return first == 0 || second == 0;
                           });
  if (first != 0 && second != 0 && first < second) return absl::OkStatus();
  std::string message =
      "drydock: " + describe(earlier) + " did not happen before " + describe(later) + ": ";
  if (first == 0 && second == 0)
    return absl::FailedPreconditionError(message + "neither happened.");
  if (first == 0 || second == 0) {
    return absl::FailedPreconditionError(message + describe(first == 0 ? earlier : later) +
                                         " did not happen at all." + text);
  }
  return absl::FailedPreconditionError(message + "it happened after." + text);
}

absl::Status Journal::wait_for(const EventPattern& pattern, absl::Duration timeout) const {
  EventWait wait(store_, pattern, internal::deadline_after(timeout));
  if (wait.has_happened()) return absl::OkStatus();
  internal::WaitScope scope(wait);
  bool in_time = true;
  // Once more before the first look, since a job may have come and gone.
  while (!wait.has_happened()) {
    if (!in_time) return absl::DeadlineExceededError(describe_missing(pattern, timeout));
    const std::string ring = scope.blocked();
    if (ring.empty()) {
      in_time = wait.wait_for_append();
    } else if (!wait.has_happened()) {
      const absl::Status refused = store_.refuse_wait(pattern, ring);
      if (!refused.ok()) return refused;
    }
  }
  return absl::OkStatus();
}

std::string Journal::describe_missing(const EventPattern& pattern, absl::Duration timeout) const {
  const internal::MutexLock lock(store_.mutex);
  std::string text = "drydock: waited " + absl::FormatDuration(timeout) + " for the event " +
                     describe(pattern) + ", which did not happen.";
  int listed = 0;
  store_.visit_from(0, [&](const Record& record, Event::Kind kind, std::size_t number)
                           ABSL_NO_THREAD_SAFETY_ANALYSIS {
                             if (kind != pattern.kind) return true;
                             text += listed++ == 0 ? " What did: '" : ", '";
                             text += store_.event(record, kind, number).name + "'";
                             return listed < kMostListed;
                           });
  return text + (listed == 0 ? std::string(" ") + none_of(pattern.kind) : "") + ".";
}

const char* to_string(Event::Kind kind) {
  switch (kind) {
    case Event::kSubmitted:
      return "submitted";
    case Event::kStarted:
      return "started";
    case Event::kFinished:
      return "finished";
    case Event::kFailed:
      return "failed";
    case Event::kCancelled:
      return "cancelled";
    case Event::kDropped:
      return "dropped";
    case Event::kDrainStarted:
      return "drain started";
    case Event::kDrainEnded:
      return "drain ended";
    case Event::kClockAdvanced:
      return "clock advanced";
    case Event::kTransactionBegan:
      return "transaction began";
    case Event::kTransactionCommitted:
      return "transaction committed";
    case Event::kTransactionRolledBack:
      return "transaction rolled back";
    case Event::kHookFailed:
      return "hook failed";
    case Event::kFindingMade:
      return "finding made";
  }
  return "unknown event";
}

std::ostream& operator<<(std::ostream& out, const Event& event) {
  out << absl::FormatTime("%H:%M:%E3S", event.at, absl::UTCTimeZone()) << ' '
      << to_string(event.kind);
  if (!event.name.empty()) out << " '" << event.name << "'";
  if (event.job) out << ' ' << event.job;
  if (event.parent) out << " of " << event.parent;
  if (!event.executor.empty()) out << " on '" << event.executor << "'";
  if (event.where.line() != 0) out << " at " << event.where;
  return out;
}

}  // namespace drydock
