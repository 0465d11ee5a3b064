// One record of the journal: an event, or many that differ in little.
#ifndef DRYDOCK_SRC_JOURNAL_RECORD_H_
#define DRYDOCK_SRC_JOURNAL_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "drydock/journal.h"
#include "src/site_table.h"

namespace drydock::internal {

// What an event says of a job or a transaction, in numbers.
struct EventSubject {
  std::uint64_t job = 0;
  std::uint64_t parent = 0;
  std::uint32_t site = 0;  // in the store's table
};

// Events in a row that differ in the job only, whose ids follow each other: a thousand submits of
// one place are one record. One of kStarted stands for whole runs, each a start and an end.
//
// A varied one stands for submits, or for runs, whose sites differ too: behind it the sites follow,
// in the place of as many records as they need.
struct JournalRecord {
  static constexpr std::uint32_t kDrainStarts = 1;
  static constexpr std::uint32_t kDrainEnds = 2;
  static constexpr int kTimeBits = 11;
  static constexpr int kCountBits = 32 - kTimeBits;
  static constexpr std::uint32_t kMostCount = (std::uint32_t{1} << kCountBits) - 1;
  // Kinds beside those of events.
  static constexpr std::uint32_t kVariedSubmits = 14;
  static constexpr std::uint32_t kVariedRuns = 15;
  static_assert(Event::kFindingMade < kVariedSubmits);

  std::uint32_t kind : 4;
  std::uint32_t drain : 2;   // what came after the others: kDrainStarts, kDrainEnds, or first the
                             // one and then the other
  std::uint32_t failed : 1;  // of kStarted: whether the runs failed
  std::uint32_t open : 1;    // of kStarted: whether one more run has started
  std::uint32_t site : SiteTable::kBits;  // of a varied one: 0
  std::uint32_t job;                      // the first one
  std::uint32_t parent;                   // of an outside job: the site of its executor's name
  std::uint32_t time : kTimeBits;         // among the store's times, from the block's first one on
  std::uint32_t count : kCountBits;       // of events, or of runs that have ended

  bool is_varied() const { return kind >= kVariedSubmits; }
  // How many records its sites take behind it, and itself.
  std::size_t size() const { return 1 + (is_varied() ? records_for(count) : 0); }
  static std::size_t records_for(std::size_t sites) {
    return (sites + kSitesInRecord - 1) / kSitesInRecord;
  }
  static std::size_t sites_in(std::size_t records) { return records * kSitesInRecord; }
  // Whether a further site of a varied one needs a further record.
  bool is_full() const { return count % kSitesInRecord == 0; }

  Event::Kind event_kind() const {
    if (!is_varied()) return static_cast<Event::Kind>(kind);
    return kind == kVariedSubmits ? Event::kSubmitted : Event::kStarted;
  }
  // Of the one of its events, or of its runs, with that number.
  std::uint32_t site_of(std::size_t index) const {
    if (!is_varied()) return site;
    std::uint32_t found = 0;
    std::memcpy(&found, sites() + index * sizeof found, sizeof found);
    return found;
  }

  // The records that a varied one's sites need are its own before they are written.
  [[gnu::always_inline]] void add_site(std::uint32_t added) {
    std::memcpy(sites() + count * sizeof added, &added, sizeof added);
    ++count;
  }
  void add_sites(std::span<const std::uint32_t> added) {
    std::memcpy(sites() + count * sizeof(std::uint32_t), added.data(), added.size_bytes());
    count += static_cast<std::uint32_t>(added.size());
  }

  // Whether it is one event of a job outside of the simulation. Nothing else goes into it.
  bool is_outside() const { return count == 0 && open == 0; }
  // How many events it stands for, without a branch.
  std::uint32_t events() const {
    const std::uint32_t runs = kind == Event::kStarted || kind == kVariedRuns ? 1 : 0;
    return (count << runs) + open + (drain + 1) / 2 + (is_outside() ? 1 : 0);
  }

  // Whether the event can go into this record too.
  [[gnu::always_inline]] bool goes_on_with(Event::Kind next, EventSubject subject) const {
    const JournalRecord first = {next, 0, 0, 0, subject.site, 0, 0, 0, 0};
    return same_head(first) && follows(subject) && count != kMostCount;
  }
  // The same of a submit of another site, where it follows: a record of one may become varied.
  [[gnu::always_inline]] bool may_take_other_sites() const {
    return (kind == kVariedSubmits || kind == Event::kSubmitted) && drain == 0;
  }
  // Whether the event is of the next job, and of the same submitter.
  [[gnu::always_inline]] bool follows(EventSubject subject) const {
    return job + count == static_cast<std::uint32_t>(subject.job) &&
           parent == static_cast<std::uint32_t>(subject.parent);
  }
  // Whether the run that has started last is that job's and can end here.
  [[gnu::always_inline]] bool ends_with(bool failure, std::uint64_t of_job) const {
    return open != 0 && drain == 0 && job + count == static_cast<std::uint32_t>(of_job) &&
           (!failure || count == 0);
  }

 private:
  static constexpr std::size_t kSitesInRecord = 4;

  // Whether all up to the job is the same, in one comparison.
  [[gnu::always_inline]] bool same_head(const JournalRecord& other) const {
    return std::memcmp(this, &other, offsetof(JournalRecord, job)) == 0;
  }
  std::byte* sites() { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* sites() const { return reinterpret_cast<const std::byte*>(this + 1); }
};
static_assert(sizeof(JournalRecord) == 16);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_JOURNAL_RECORD_H_
