// Where the journal's events are kept: 32 bytes each, in blocks that are never moved.
#ifndef DRYDOCK_SRC_JOURNAL_STORE_H_
#define DRYDOCK_SRC_JOURNAL_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "drydock/journal.h"
#include "src/mutex.h"
#include "src/name_table.h"

namespace drydock::internal {

// What an event says of a job or a transaction, in numbers.
struct EventSubject {
  std::uint64_t job = 0;
  std::uint64_t parent = 0;
  std::uint32_t name = 0;  // in the store's name table
  SourceLocation where = {};
};

// Its mutex is the simulation's: one lock serves the queue and the journal, so that they cannot
// tell two orders.
class JournalStore {
 public:
  // Above this many events the oldest block goes.
  static constexpr std::size_t kMostEvents = std::size_t{4} << 20U;

  Mutex mutex;
  NameTable names ABSL_GUARDED_BY(mutex);

  void append(Event::Kind kind, std::int64_t at, const EventSubject& subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (in_last_block_ == kBlockSize) add_block();
    last_block_[in_last_block_++] = {static_cast<std::uint8_t>(kind),
                                     subject.where.line(),
                                     subject.name,
                                     static_cast<std::uint32_t>(subject.job),
                                     static_cast<std::uint32_t>(subject.parent),
                                     subject.where.file_name(),
                                     at};
    if (waiters_ != 0) appended_.notify_all();
  }

  std::size_t size() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  std::size_t forgotten() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return forgotten_; }
  Event event(std::size_t index) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool matches(std::size_t index, const EventPattern& pattern) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Waits for the next append. False when `deadline` has passed.
  bool wait_for_append(std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  struct Record {
    std::uint32_t kind : 8;
    std::uint32_t line : 24;
    std::uint32_t name;
    std::uint32_t job;
    std::uint32_t parent;
    const char* file;
    std::int64_t at;
  };
  static constexpr std::size_t kBlockSize = 1024;
  using Block = std::array<Record, kBlockSize>;

  void add_block() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  const Record& record(std::size_t index) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return (*blocks_[index / kBlockSize])[index % kBlockSize];
  }

  std::deque<std::unique_ptr<Block>> blocks_ ABSL_GUARDED_BY(mutex);
  Record* last_block_ ABSL_GUARDED_BY(mutex) = nullptr;
  std::size_t in_last_block_ ABSL_GUARDED_BY(mutex) = kBlockSize;
  std::size_t forgotten_ ABSL_GUARDED_BY(mutex) = 0;
  int waiters_ ABSL_GUARDED_BY(mutex) = 0;
  CondVar appended_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_JOURNAL_STORE_H_
