// The jobs that a simulation holds, found by id in constant time. A job stays in its place from its
// submit until it has run.
#ifndef DRYDOCK_SRC_SLOT_TABLE_H_
#define DRYDOCK_SRC_SLOT_TABLE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <new>
#include <utility>

#include "drydock/job.h"
#include "src/block_arena.h"
#include "src/coarse_clock.h"
#include "src/context_node.h"
#include "src/lineage.h"
#include "src/ring.h"
#include "src/running_job.h"

namespace drydock::internal {

// The due time of a job that is never due: the simulated clock stops before it.
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// Times of the simulated clock do not wrap around.
inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kNever : sum;
}

// A job's place in line: what the order of jobs is made of.
struct Place {
  std::int64_t due;
  std::uint32_t sequence;
  std::uint64_t id;

  friend bool operator<(const Place& a, const Place& b) {
    return a.due != b.due ? a.due < b.due : a.sequence < b.sequence;
  }
};

// A job and what the engine knows of it, in the memory of a `SubmittedJob`: this is what a queued
// job costs.
struct Slot : SubmittedJob {
  [[gnu::always_inline]] Slot(SubmittedJob&& job, std::int64_t now, std::uint32_t arrived,
                              std::uint32_t site_number, std::uint16_t lane_number)
      : SubmittedJob(std::move(job)), sequence(arrived), lane(lane_number) {
    delay_nanos_ = saturating_add(now, delay_nanos_);
    set_queue_bits(site_number);
  }

  // On the simulated clock, in nanoseconds since the Unix epoch.
  std::int64_t due() const { return delay_nanos_; }
  void set_due(std::int64_t due) { delay_nanos_ = due; }
  // Its name and place, in the journal's table.
  std::uint32_t site() const { return queue_bits(); }
  Place place() const { return {due(), sequence, id().value()}; }

  // Lets go of the context, which ends with `other`.
  void leave_context_to(SubmittedJob& other) { other.context_ = take_context(); }

  // As the base's, without a call.
  JobId parent() const { return parent_.get() == nullptr ? JobId() : parent_.get()->id(); }
  int generation() const { return parent_.get() == nullptr ? 0 : parent_.get()->generation() + 1; }
  [[gnu::always_inline]] JobResult run_here() noexcept {
    if (context_.get() != nullptr || current_context() != nullptr) [[unlikely]] {
      return SubmittedJob::run();
    }
    return run_without_context();
  }

  std::uint32_t sequence;  // the order of arrival
  std::uint16_t lane;      // the queue that it stands in
  bool has_run = false;    // a recurring job's, before

 private:
  [[gnu::always_inline]] JobResult run_without_context() noexcept {
    const RunningJob running(*this);
    JobResult result;
    try {
      std::move(job_)();
    } catch (...) {
      result.error = std::current_exception();
    }
    job_.reset();
    if (current_context() != nullptr) [[unlikely]] {
      put_back_context(result);
    }
    return result;
  }
};
static_assert(sizeof(void*) != 8 || sizeof(Slot) <= 128);

// Ids of one simulation are dense, so a block of slots is found by dividing. A block that has no
// job left is kept for later ones: fresh memory costs more than all else that a job needs.
class SlotTable {
  static constexpr std::size_t kBlockSize = 256;
  enum class State : std::uint8_t { kFree, kPending, kRunning };

 public:
  // Slots of neighbouring ids.
  class Block {
    friend class SlotTable;
    void* at(std::size_t index) { return &bytes_[index * sizeof(Slot)]; }
    Slot* slot(std::size_t index) { return std::launder(reinterpret_cast<Slot*>(at(index))); }

    alignas(Slot) std::array<std::byte, kBlockSize * sizeof(Slot)> bytes_;
    std::array<State, kBlockSize> states_ = {};
    std::array<CoarseTick, kBlockSize> since_;  // when they became pending
    std::size_t count_ = 0;
    Block* next_spare_ = nullptr;
  };

  // Where a job stands. What it says of itself is not read from the job, which may be in slower
  // memory still.
  struct Entry {
    Slot* slot = nullptr;  // null: nowhere
    Block* block = nullptr;

    State& state() const { return block->states_[slot - block->slot(0)]; }
  };

  SlotTable() = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() {
    for_each([](Slot& slot) { slot.~Slot(); });
  }

  // Null if there is a job of this id, pending or running.
  template <class... Args>
  [[gnu::always_inline]] Slot* insert(std::uint64_t id, CoarseTick since, Args&&... args) {
    Block& block = block_of(id);
    State& state = block.states_[id % kBlockSize];
    if (state != State::kFree) return nullptr;
    state = State::kPending;
    block.since_[id % kBlockSize] = since;
    ++block.count_;
    ++size_;
    return new (block.at(id % kBlockSize)) Slot(std::forward<Args>(args)...);
  }

  // The pending job of this id; null: there is none.
  Slot* find(std::uint64_t id) { return find_entry(id).slot; }
  Entry find_entry(std::uint64_t id) {
    Block* const block = find_block(id);
    if (block == nullptr || block->states_[id % kBlockSize] != State::kPending) return {};
    return {block->slot(id % kBlockSize), block};
  }

  // The running job of this id; null: there is none.
  Slot* find_running(std::uint64_t id) {
    Block* const block = find_block(id);
    if (block == nullptr || block->states_[id % kBlockSize] != State::kRunning) return nullptr;
    return block->slot(id % kBlockSize);
  }

  Entry entry_of(Slot& slot) { return {&slot, find_block(slot.id().value())}; }

  // From here on the job is not pending; the slot stays where it is.
  void start(Entry job) {
    job.state() = State::kRunning;
    --size_;
  }

  // The job has run and is pending again.
  void restart(Entry job, CoarseTick since) {
    job.state() = State::kPending;
    job.block->since_[job.slot - job.block->slot(0)] = since;
    ++size_;
  }

  // Destroys the slot of a job that was started.
  [[gnu::always_inline]] void finish(Entry job) {
    job.slot->~Slot();
    job.state() = State::kFree;
    if (--job.block->count_ == 0 && blocks_.size() > 1) free_blocks();
  }

  // Pending jobs of ids that follow each other, in one block.
  struct Neighbours {
    static constexpr std::size_t kMostJobs = kBlockSize;

    Block* block = nullptr;
    std::size_t first = 0;  // where in the block
    // Of its jobs. They are destroyed, though the table still has them as pending.
    std::size_t ended = 0;

    Slot* slot() const { return block->slot(first + ended); }
    // How many jobs it may have at most.
    std::size_t room() const { return kBlockSize - first; }
    bool is_pending(std::size_t index) const {
      return block->states_[first + index] == State::kPending;
    }
  };
  Neighbours neighbours_from(Entry job) {
    return {job.block, static_cast<std::size_t>(job.slot - job.block->slot(0))};
  }
  // Takes the jobs out that have ended, and begins anew behind them.
  void finish_ended(Neighbours& jobs) {
    std::fill_n(&jobs.block->states_[jobs.first], jobs.ended, State::kFree);
    size_ -= jobs.ended;
    jobs.block->count_ -= jobs.ended;
    jobs.first += std::exchange(jobs.ended, 0);
    if (jobs.block->count_ == 0 && blocks_.size() > 1) [[unlikely]] {
      free_blocks();
    }
  }

  // Removes a pending job and hands it over.
  SubmittedJob take(Slot& slot) {
    SubmittedJob job = std::move(static_cast<SubmittedJob&>(slot));
    const Entry entry = entry_of(slot);
    start(entry);
    finish(entry);
    return job;
  }

  // Pending jobs, in the order of ids.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::size_t number = 0; number < blocks_.size(); ++number) {
      Block* const block = blocks_[number];
      if (block == nullptr || block->count_ == 0) continue;
      for (std::size_t i = 0; i < kBlockSize; ++i) {
        if (block->states_[i] == State::kPending) visit(*block->slot(i));
      }
    }
  }

  // Visits pending and running jobs, in the order of ids, until `visit(slot, running, since)` says
  // true; whether it did. `since`: as `insert` or `restart` was given it.
  template <class Visit>
  bool find_if(Visit&& visit) {
    for (std::size_t number = 0; number < blocks_.size(); ++number) {
      Block* const block = blocks_[number];
      if (block == nullptr || block->count_ == 0) continue;
      for (std::size_t i = 0; i < kBlockSize; ++i) {
        if (block->states_[i] == State::kFree) continue;
        const bool running = block->states_[i] == State::kRunning;
        if (visit(*block->slot(i), running, block->since_[i])) return true;
      }
    }
    return false;
  }

  // How many jobs are pending.
  std::size_t size() const { return size_; }

 private:
  Block* find_block(std::uint64_t id) const {
    const std::uint64_t number = id / kBlockSize - first_block_;
    return number < blocks_.size() ? blocks_[number] : nullptr;
  }

  Block& block_of(std::uint64_t id) {
    if (id / kBlockSize == newest_number_) [[likely]] {
      return *newest_;
    }
    return find_or_add_block(id);
  }

  [[gnu::noinline]] Block& find_or_add_block(std::uint64_t id) {
    Block* const block = find_block(id);
    newest_ = block != nullptr ? block : &add_block(id / kBlockSize);
    newest_number_ = id / kBlockSize;
    return *newest_;
  }

  Block& add_block(std::uint64_t number) {
    if (blocks_.empty()) first_block_ = number;
    for (; number < first_block_; --first_block_) blocks_.push_front(nullptr);
    while (number - first_block_ >= blocks_.size()) blocks_.push_back(nullptr);
    Block* const block = spare_ != nullptr ? take_spare() : arena_.add();
    blocks_.set(number - first_block_, block);
    return *block;
  }

  // Drops empty blocks from the front but the newest, which the next job goes into.
  [[gnu::noinline]] void free_blocks() {
    while (blocks_.size() > 1 && (blocks_.front() == nullptr || blocks_.front()->count_ == 0)) {
      drop_first();
      ++first_block_;
    }
  }

  void drop_first() {
    if (Block* const block = blocks_.front()) {
      if (block == newest_) newest_number_ = kNoBlock;
      block->next_spare_ = std::exchange(spare_, block);
    }
    blocks_.pop_front();
  }

  Block* take_spare() {
    Block* const block = spare_;
    if (block != nullptr) spare_ = block->next_spare_;
    return block;
  }

  static constexpr std::uint64_t kNoBlock = std::numeric_limits<std::uint64_t>::max();

  BlockArena<Block> arena_;
  Ring<Block*> blocks_;  // null: no job of these ids
  // That the last job went into, as the next one mostly does.
  Block* newest_ = nullptr;
  std::uint64_t newest_number_ = kNoBlock;
  Block* spare_ = nullptr;
  std::uint64_t first_block_ = 0;
  std::size_t size_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SLOT_TABLE_H_
