// Where the journal's events are kept: in records of 16 bytes, in blocks that are never moved.
#ifndef DRYDOCK_SRC_JOURNAL_STORE_H_
#define DRYDOCK_SRC_JOURNAL_STORE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "drydock/journal.h"
#include "src/block_arena.h"
#include "src/idle_source.h"
#include "src/journal_record.h"
#include "src/lendable_mutex.h"
#include "src/mutex.h"
#include "src/site_table.h"

namespace drydock::internal {

// Its mutex is the simulation's: one lock serves the queue and the journal, so that they cannot
// tell two orders.
class JournalStore {
 public:
  using Record = JournalRecord;
  // Above this many records the oldest block goes.
  static constexpr std::size_t kMostRecords = std::size_t{4} << 20U;
  static constexpr std::size_t kBlockSize = 1024;  // in records

  LendableMutex mutex;
  SiteTable sites ABSL_GUARDED_BY(mutex);

  [[gnu::always_inline]] void append(Event::Kind kind, std::int64_t at, EventSubject subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Record* const last = last_;
    if (last != nullptr && last->goes_on_with(kind, subject) && at == last_time_) {
      if (kind == Event::kStarted) {
        last->open = 1;
      } else {
        ++last->count;
      }
      return;
    }
    if (kind == Event::kSubmitted && last != nullptr && last->may_take_other_sites() &&
        at == last_time_ && append_varied_submit(*last, subject)) {
      return;
    }
    append_record(kind, at, subject);
  }

  // From now on keeps the real time and the thread of each event: for a trace, at some cost.
  void keep_times() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // The end of a run. Where nothing has happened since its start, the two share a record. False:
  // something has, and the caller appends the end as an event of its own.
  [[gnu::always_inline]] bool end_last(bool failed, std::int64_t at, std::uint64_t job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Record* const last = last_;
    if (last == nullptr || at != last_time_ || !last->ends_with(failed, job)) return false;
    last->open = 0;
    if (failed) last->failed = 1;
    ++last->count;
    return true;
  }
  void append_end(bool failed, std::int64_t at, EventSubject subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (end_last(failed, at, subject.job)) return;
    append_record(failed ? Event::kFailed : Event::kFinished, at, subject);
  }

  // Runs of jobs whose ids follow each other, that ended well and each before the next began.
  // Not where somebody watches, who is to see each event when it happens.
  [[gnu::always_inline]] void append_runs(std::int64_t at, EventSubject first, std::uint32_t count)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Record* const last = last_;
    if (last != nullptr && last->goes_on_with(Event::kStarted, first) && at == last_time_ &&
        count <= Record::kMostCount - last->count) {
      last->count += count;
    } else {
      add_record(Event::kStarted, at, first, 0, count, 0);
    }
  }
  // The same for all runs of a drain, whose start has been the last event, and the end of the
  // drain.
  [[gnu::always_inline]] void append_all_runs(std::int64_t at, EventSubject first,
                                              std::uint32_t count)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    add_record(Event::kStarted, at, first, 0, count, Record::kDrainEnds);
  }
  // Such runs of jobs without parents whose sites differ.
  void append_varied_runs(std::int64_t at, std::uint64_t first_job,
                          std::span<const std::uint32_t> sites)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool is_watched() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return watched_; }

  // The start or the end of a drain, which mostly shares the record of what was before it.
  [[gnu::always_inline]] void append_drain(Event::Kind kind, std::int64_t at)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const std::uint32_t bit =
        kind == Event::kDrainStarted ? Record::kDrainStarts : Record::kDrainEnds;
    if (last_ != nullptr && last_->drain < bit && at == last_time_) {
      last_->drain |= bit;
      return;
    }
    append_record(kind, at, {});
  }

  // Of a job that an executor outside of the simulation has; `executor` is a site of that name.
  void append_outside(Event::Kind kind, std::int64_t at, std::uint64_t job, std::uint32_t site,
                      std::uint32_t executor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Events that have been dropped.
  std::size_t forgotten() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return forgotten_; }

  // Visits events, oldest first, from the record of this number on (they are counted from the
  // simulation's first), until `visit` returns false. It is given a copy of the record, made out to
  // the one event's job and site, the event's kind and the record's number.
  template <class Visit>
  void visit_from(std::size_t number, Visit&& visit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    number = number < first_record_ ? first_record_ : number;
    for (std::size_t size = 0; number < end(); number += size) {
      const Record& record = record_at(number);
      size = record.size();
      Record event = record;
      const Event::Kind kind = record.event_kind();
      if (event.is_outside()) {
        if (!visit(event, kind, number)) return;
        continue;
      }
      const Event::Kind end_kind = event.failed != 0 ? Event::kFailed : Event::kFinished;
      for (std::uint32_t i = 0; i < event.count; ++i, ++event.job) {
        event.site = record.site_of(i);
        if (!visit(event, kind, number)) return;
        if (kind == Event::kStarted && !visit(event, end_kind, number)) return;
      }
      if (event.open != 0 && !visit(event, kind, number)) return;
      if (event.drain == 0) continue;
      event.job = event.parent = event.site = 0;
      if ((event.drain & Record::kDrainStarts) != 0 && !visit(event, Event::kDrainStarted, number))
        return;
      if ((event.drain & Record::kDrainEnds) != 0 && !visit(event, Event::kDrainEnded, number))
        return;
    }
  }

  // The number that the next record will have.
  std::size_t end() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (blocks_.empty()) return 0;
    const auto in_last_block = static_cast<std::size_t>(next_ - blocks_.back()->records.data());
    return first_record_ + (blocks_.size() - 1) * kBlockSize + in_last_block;
  }

  // The same, for a place between two events: no record will stand for events of both sides.
  std::size_t mark() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    last_ = nullptr;
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

  // The real time of a record since the first, and the number of its thread; zeros where none was
  // kept.
  struct RealTime {
    std::int64_t nanos;
    int thread;
  };
  RealTime real_time(std::size_t number) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // `record`: as `visit_from` gives it.
  Event event(const Record& record, Event::Kind kind, std::size_t number) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool matches(const Record& record, Event::Kind kind, const EventPattern& pattern) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Waits for the next append. False when `deadline` has passed.
  bool wait_for_append(std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  // A record adds one time at most.
  static_assert(kBlockSize < std::size_t{1} << Record::kTimeBits);
  struct Block {
    std::array<Record, kBlockSize> records;
    std::uint32_t first_time;  // among times_
    bool has_varied;           // whether there are records behind which sites follow
  };
  static std::uint32_t count_events(const Block& block);

  void tell_waiters() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void count_waiters(int more) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // A submit of another site than that of the last event. False: the last record is not of submits
  // that this one follows, is of many of one site, or has no room for it.
  [[gnu::always_inline]] bool append_varied_submit(Record& last, EventSubject subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (!last.follows(subject)) return false;
    if (!last.is_varied()) return last.count == 1 && make_varied(last, subject.site);
    if (last.is_full()) {
      if (next_ == block_end_) return false;
      ++next_;
    }
    last.add_site(subject.site);
    return true;
  }
  [[gnu::noinline]] bool make_varied(Record& last, std::uint32_t site)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  [[gnu::always_inline]] void append_record(Event::Kind kind, std::int64_t at, EventSubject subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const bool starts = kind == Event::kStarted;
    add_record(kind, at, subject, starts ? 1 : 0, starts ? 0 : 1, 0);
    if (watched_) [[unlikely]] {
      tell_watchers();
    }
  }
  [[gnu::always_inline]] void add_record(std::uint32_t kind, std::int64_t at, EventSubject subject,
                                         std::uint32_t open, std::uint32_t count,
                                         std::uint32_t drain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (next_ == block_end_) [[unlikely]] {
      add_block();
    }
    if (at != last_time_) [[unlikely]] {
      add_time(at);
    }
    *next_ = {kind,
              drain,
              0,
              open,
              subject.site,
              static_cast<std::uint32_t>(subject.job),
              static_cast<std::uint32_t>(subject.parent),
              time_in_block_,
              count};
    last_ = next_++;
  }
  void add_block() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void add_time(std::int64_t at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void tell_watchers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void append_real_time() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  const Block& block_of(std::size_t number) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return *blocks_[(number - first_record_) / kBlockSize];
  }
  // Blocks are dropped whole, so that numbers keep their places in them.
  const Record& record_at(std::size_t number) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return block_of(number).records[number % kBlockSize];
  }

  BlockArena<Block> arena_ ABSL_GUARDED_BY(mutex);
  std::deque<Block*> blocks_ ABSL_GUARDED_BY(mutex);
  // In the last block: where the next record goes, and the block's end.
  Record* next_ ABSL_GUARDED_BY(mutex) = nullptr;
  Record* block_end_ ABSL_GUARDED_BY(mutex) = nullptr;
  // The last record, where further events may go into it.
  Record* last_ ABSL_GUARDED_BY(mutex) = nullptr;
  // What the clock has shown, in order; the last of it, and its number from the last block's first
  // time on.
  std::vector<std::int64_t> times_ ABSL_GUARDED_BY(mutex) = {0};
  std::int64_t last_time_ ABSL_GUARDED_BY(mutex) = 0;
  std::uint32_t time_in_block_ ABSL_GUARDED_BY(mutex) = 0;
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
