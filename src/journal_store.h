// Where the journal's events are kept: 16 bytes each, in blocks that are never moved.
#ifndef DRYDOCK_SRC_JOURNAL_STORE_H_
#define DRYDOCK_SRC_JOURNAL_STORE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "drydock/journal.h"
#include "src/idle_source.h"
#include "src/mutex.h"
#include "src/site_table.h"

namespace drydock::internal {

// What an event says of a job or a transaction, in numbers.
struct EventSubject {
  std::uint64_t job = 0;
  std::uint64_t parent = 0;
  std::uint32_t site = 0;  // in the store's table
};

// Its mutex is the simulation's: one lock serves the queue and the journal, so that they cannot
// tell two orders.
class JournalStore {
 public:
  // Above this many records the oldest block goes.
  static constexpr std::size_t kMostRecords = std::size_t{4} << 20U;

  Mutex mutex;
  SiteTable sites ABSL_GUARDED_BY(mutex);

  void append(Event::Kind kind, std::int64_t at, EventSubject subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (next_ == block_end_) add_block();
    if (at != last_time_) add_time(at);
    *next_ = {static_cast<std::uint8_t>(kind),
              kGoesOn,
              subject.site,
              static_cast<std::uint32_t>(subject.job),
              static_cast<std::uint32_t>(subject.parent),
              last_time_number_};
    open_run_ = kind == Event::kStarted ? next_ : nullptr;
    ++next_;
    if (watched_) tell_watchers();
  }

  // From now on keeps the real time and the thread of each event: for a trace, at some cost.
  void keep_times() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // The end of a run. Where nothing has happened since its start, the two share a record.
  void append_end(bool failed, std::int64_t at, EventSubject subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Record* const start = std::exchange(open_run_, nullptr);
    if (start == nullptr || start->job != static_cast<std::uint32_t>(subject.job) ||
        at != last_time_ || watched_) {
      append_whole_end(failed, at, subject);
      return;
    }
    start->end = failed ? kFailed : kFinished;
    ++shared_in_last_block_;
  }

  // Events that have been dropped.
  std::size_t forgotten() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return forgotten_; }

  // Visits events, oldest first, from the record of this number on (they are counted from the
  // simulation's first), until `visit` returns false. It is given the record, the event's
  // kind and the record's number.
  template <class Visit>
  void visit_from(std::size_t number, Visit&& visit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    number = number < first_record_ ? first_record_ : number;
    for (; number < end(); ++number) {
      const Record& record = record_at(number);
      if (!visit(record, static_cast<Event::Kind>(record.kind), number)) return;
      if (record.end == kGoesOn) continue;
      const Event::Kind end_kind = record.end == kFailed ? Event::kFailed : Event::kFinished;
      if (!visit(record, end_kind, number)) return;
    }
  }

  // The number that the next record will have.
  std::size_t end() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (blocks_.empty()) return 0;
    const auto in_last_block = static_cast<std::size_t>(next_ - blocks_.back()->records.data());
    return first_record_ + (blocks_.size() - 1) * kBlockSize + in_last_block;
  }

  // The same, for a place between two events: no run will share a record across it.
  std::size_t mark() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    open_run_ = nullptr;
    return end();
  }

  // From now on, until as many calls with false, `appended` is called after each append.
  void watch(bool watched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { count_waiters(watched ? 1 : -1); }
  // Called under the mutex.
  std::function<void()> appended ABSL_GUARDED_BY(mutex);

  // For those who wait for an event; both set once, at the beginning, and called with the mutex not
  // held. Whether it may come though the threads in `stuck` never go on.
  std::function<bool(const EventPattern&, const StuckThreads& stuck)> may_come;
  // The error of a wait for what would never come; see `WaitScope::blocked`.
  std::function<absl::Status(const EventPattern&, const std::string& ring)> refuse_wait;

  struct Record {
    std::uint32_t kind : 6;
    std::uint32_t end : 2;
    std::uint32_t site : SiteTable::kBits;
    std::uint32_t job;
    std::uint32_t parent;
    std::uint32_t time;  // among times_
  };

  // The real time of a record since the first, and the number of its thread; zeros where none was
  // kept.
  struct RealTime {
    std::int64_t nanos;
    int thread;
  };
  RealTime real_time(std::size_t number) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  Event event(const Record& record, Event::Kind kind, std::size_t number) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool matches(const Record& record, Event::Kind kind, const EventPattern& pattern) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Waits for the next append. False when `deadline` has passed.
  bool wait_for_append(std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  // Whether a kStarted record is that of the end too.
  enum End : std::uint8_t { kGoesOn, kFinished, kFailed };

  static constexpr std::size_t kBlockSize = 1024;
  struct Block {
    std::array<Record, kBlockSize> records;
    std::size_t shared = 0;  // records that stand for two events
  };

  void tell_waiters() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void count_waiters(int more) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void append_whole_end(bool failed, std::int64_t at, EventSubject subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void add_block() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void add_time(std::int64_t at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void tell_watchers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void append_real_time() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  const Record& record_at(std::size_t number) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const std::size_t index = number - first_record_;
    return blocks_[index / kBlockSize]->records[index % kBlockSize];
  }

  std::deque<std::unique_ptr<Block>> blocks_ ABSL_GUARDED_BY(mutex);
  // In the last block: where the next record goes, and the block's end.
  Record* next_ ABSL_GUARDED_BY(mutex) = nullptr;
  Record* block_end_ ABSL_GUARDED_BY(mutex) = nullptr;
  // The last record, where it is that of a start.
  Record* open_run_ ABSL_GUARDED_BY(mutex) = nullptr;
  std::size_t shared_in_last_block_ ABSL_GUARDED_BY(mutex) = 0;
  // What the clock has shown, in order; the last of it, and its number.
  std::vector<std::int64_t> times_ ABSL_GUARDED_BY(mutex) = {0};
  std::int64_t last_time_ ABSL_GUARDED_BY(mutex) = 0;
  std::uint32_t last_time_number_ ABSL_GUARDED_BY(mutex) = 0;
  std::size_t first_record_ ABSL_GUARDED_BY(mutex) = 0;
  bool watched_ ABSL_GUARDED_BY(mutex) = false;  // timed, or waited for
  bool timed_ ABSL_GUARDED_BY(mutex) = false;
  std::deque<RealTime> real_times_ ABSL_GUARDED_BY(mutex);  // of the latest records
  std::vector<std::thread::id> threads_ ABSL_GUARDED_BY(mutex);
  std::size_t forgotten_ ABSL_GUARDED_BY(mutex) = 0;
  int waiters_ ABSL_GUARDED_BY(mutex) = 0;
  CondVar appended_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_JOURNAL_STORE_H_
