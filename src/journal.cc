#include "drydock/journal.h"

#include <chrono>
#include <cstddef>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "src/deadline.h"
#include "src/journal_store.h"
#include "src/waits.h"

namespace drydock {
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
