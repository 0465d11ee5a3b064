#include "drydock/journal.h"

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "src/journal_store.h"

namespace drydock {
namespace internal {

std::size_t JournalStore::size() const {
  return blocks_.empty() ? 0 : (blocks_.size() - 1) * kBlockSize + in_last_block_;
}

void JournalStore::add_block() {
  // A block is filled before it is read: no need to clear it.
  blocks_.emplace_back(new Block);
  if (blocks_.size() > kMostEvents / kBlockSize) {
    blocks_.pop_front();
    forgotten_ += kBlockSize;
  }
  last_block_ = blocks_.back()->data();
  in_last_block_ = 0;
}

Event JournalStore::event(std::size_t index) const {
  const Record& found = record(index);
  Event event;
  event.kind = static_cast<Event::Kind>(found.kind);
  event.at = absl::FromUnixNanos(found.at);
  event.job = JobId(found.job);
  event.parent = JobId(found.parent);
  event.where = SourceLocation::current(found.file, found.line);
  event.name = names.name(found.name);
  if (event.name.empty() && event.job) event.name = event.where.short_name();
  return event;
}

bool JournalStore::matches(std::size_t index, const EventPattern& pattern) const {
  if (record(index).kind != static_cast<std::uint8_t>(pattern.kind)) return false;
  return pattern.name.empty() || event(index).name == pattern.name;
}

bool JournalStore::wait_for_append(std::chrono::steady_clock::time_point deadline) {
  ++waiters_;
  const bool in_time = appended_.wait_until(mutex, deadline);
  --waiters_;
  return in_time;
}

}  // namespace internal

namespace {

std::string describe(const EventPattern& pattern) {
  return std::string(to_string(pattern.kind)) +
         (pattern.name.empty() ? "" : " '" + pattern.name + "'");
}

}  // namespace

EventPattern submitted(std::string name) { return {Event::kSubmitted, std::move(name)}; }
EventPattern started(std::string name) { return {Event::kStarted, std::move(name)}; }
EventPattern finished(std::string name) { return {Event::kFinished, std::move(name)}; }
EventPattern failed(std::string name) { return {Event::kFailed, std::move(name)}; }
EventPattern dropped(std::string name) { return {Event::kDropped, std::move(name)}; }

std::vector<Event> Journal::events() const {
  const internal::MutexLock lock(store_.mutex);
  std::vector<Event> events;
  const std::size_t size = store_.size();
  events.reserve(size);
  for (std::size_t i = 0; i < size; ++i) events.push_back(store_.event(i));
  return events;
}

std::size_t Journal::forgotten() const {
  const internal::MutexLock lock(store_.mutex);
  return store_.forgotten();
}

std::size_t Journal::count(const EventPattern& pattern) const {
  const internal::MutexLock lock(store_.mutex);
  std::size_t count = 0;
  const std::size_t size = store_.size();
  for (std::size_t i = 0; i < size; ++i) count += store_.matches(i, pattern) ? 1 : 0;
  return count;
}

absl::Status Journal::wait_for(const EventPattern& pattern, absl::Duration timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  const internal::MutexLock lock(store_.mutex);
  std::size_t seen = 0;  // counted from the simulation's first event
  bool in_time = true;
  while (true) {
    if (seen < store_.forgotten()) seen = store_.forgotten();
    for (; seen < store_.forgotten() + store_.size(); ++seen) {
      if (store_.matches(seen - store_.forgotten(), pattern)) return absl::OkStatus();
    }
    if (!in_time) break;
    in_time = store_.wait_for_append(deadline);
  }
  std::string text = "drydock: waited " + absl::FormatDuration(timeout) + " for the event " +
                     describe(pattern) + ", which did not happen.";
  int listed = 0;
  const EventPattern any_name{pattern.kind, ""};
  for (std::size_t i = 0; i < store_.size() && listed < 10; ++i) {
    if (!store_.matches(i, any_name)) continue;
    text += listed++ == 0 ? " What did: '" : ", '";
    text += store_.event(i).name + "'";
  }
  if (listed == 0) text += std::string(" Nothing was ") + to_string(pattern.kind) + ".";
  return absl::DeadlineExceededError(text);
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
  if (event.where.line() != 0) out << " at " << event.where;
  return out;
}

}  // namespace drydock
