// The jobs that a simulation holds, found by id in constant time. A job stays in its place from its
// submit until it has run.
#ifndef DRYDOCK_SRC_SLOT_TABLE_H_
#define DRYDOCK_SRC_SLOT_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "drydock/job.h"
#include "src/context_node.h"
#include "src/lineage.h"
#include "src/running_job.h"

namespace drydock::internal {

// Times of the simulated clock do not wrap around.
inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
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
  Slot(SubmittedJob&& job, std::int64_t due, std::uint32_t arrived, std::uint32_t site_number,
       std::uint16_t lane_number)
      : SubmittedJob(std::move(job)), sequence(arrived), lane(lane_number) {
    delay_nanos_ = due;
    tag_ = site_number;
  }

  // On the simulated clock, in nanoseconds since the Unix epoch.
  std::int64_t due() const { return delay_nanos_; }
  void set_due(std::int64_t due) { delay_nanos_ = due; }
  // Its name and place, in the journal's table.
  std::uint32_t site() const { return tag_; }
  Place place() const { return {due(), sequence, id().value()}; }

  // As the base's, without a call.
  JobId parent() const { return parent_.get() == nullptr ? JobId() : parent_.get()->id(); }
  int generation() const { return parent_.get() == nullptr ? 0 : parent_.get()->generation() + 1; }
  JobResult run_here() noexcept {
    if (context_.get() != nullptr || current_context() != nullptr) return SubmittedJob::run();
    const RunningJob running(*this);
    JobResult result;
    try {
      std::move(job_)();
    } catch (...) {
      result.error = std::current_exception();
    }
    job_ = nullptr;
    if (current_context() != nullptr) put_back_context(result);
    return result;
  }

  std::uint32_t sequence;  // the order of arrival
  std::uint16_t lane;      // the queue that it stands in
};
static_assert(sizeof(void*) != 8 || sizeof(Slot) <= 128);

// Ids of one simulation are dense, so a block of slots is found by dividing. A block lives as long
// as there is a job in it.
class SlotTable {
 public:
  SlotTable() = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() {
    for_each([](Slot& slot) { slot.~Slot(); });
  }

  // Null if there is a job of this id, pending or running.
  template <class... Args>
  Slot* insert(std::uint64_t id, Args&&... args) {
    Block& block = block_of(id);
    State& state = block.states[id % kBlockSize];
    if (state != State::kFree) return nullptr;
    state = State::kPending;
    ++block.count;
    ++size_;
    return new (block.at(id % kBlockSize)) Slot(std::forward<Args>(args)...);
  }

  // The pending job of this id; null: there is none.
  Slot* find(std::uint64_t id) {
    const std::uint64_t number = id / kBlockSize - first_block_;
    if (number >= blocks_.size()) return nullptr;
    Block* block = blocks_[number].get();
    if (block == nullptr || block->states[id % kBlockSize] != State::kPending) return nullptr;
    return block->slot(id % kBlockSize);
  }

  // Says that the job will be looked at soon.
  void prefetch(std::uint64_t id) const {
    const std::uint64_t number = id / kBlockSize - first_block_;
    if (number >= blocks_.size() || blocks_[number] == nullptr) return;
    const auto* slot = static_cast<const char*>(blocks_[number]->at(id % kBlockSize));
    __builtin_prefetch(slot, 1);
    __builtin_prefetch(slot + 64, 1);
  }

  // From here on the job is not pending; the slot stays where it is.
  void start(Slot& slot) {
    const std::uint64_t id = slot.id().value();
    blocks_[id / kBlockSize - first_block_]->states[id % kBlockSize] = State::kRunning;
    --size_;
  }

  // The job has run and is pending again.
  void restart(Slot& slot) {
    const std::uint64_t id = slot.id().value();
    blocks_[id / kBlockSize - first_block_]->states[id % kBlockSize] = State::kPending;
    ++size_;
  }

  // Destroys the slot of a job that was started.
  void finish(Slot& slot) {
    const std::uint64_t id = slot.id().value();
    slot.~Slot();
    Block& block = *blocks_[id / kBlockSize - first_block_];
    block.states[id % kBlockSize] = State::kFree;
    if (--block.count == 0) free_blocks();
  }

  // Removes a pending job and hands it over.
  SubmittedJob take(Slot& slot) {
    SubmittedJob job = std::move(static_cast<SubmittedJob&>(slot));
    start(slot);
    finish(slot);
    return job;
  }

  // Pending jobs, in the order of ids.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (const auto& block : blocks_) {
      if (block == nullptr) continue;
      for (std::size_t i = 0; i < kBlockSize; ++i) {
        if (block->states[i] == State::kPending) visit(*block->slot(i));
      }
    }
  }

  // Visits pending and running jobs, in the order of ids, until `visit(slot, running)` says true;
  // whether it did.
  template <class Visit>
  bool find_if(Visit&& visit) {
    for (const auto& block : blocks_) {
      if (block == nullptr || block->count == 0) continue;
      for (std::size_t i = 0; i < kBlockSize; ++i) {
        if (block->states[i] == State::kFree) continue;
        if (visit(*block->slot(i), block->states[i] == State::kRunning)) return true;
      }
    }
    return false;
  }

  // How many jobs are pending.
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kBlockSize = 256;
  enum class State : std::uint8_t { kFree, kPending, kRunning };
  struct Block {
    alignas(Slot) std::array<std::byte, kBlockSize * sizeof(Slot)> bytes;
    std::array<State, kBlockSize> states = {};
    std::size_t count = 0;

    void* at(std::size_t index) { return &bytes[index * sizeof(Slot)]; }
    Slot* slot(std::size_t index) { return std::launder(reinterpret_cast<Slot*>(at(index))); }
  };

  Block& block_of(std::uint64_t id) {
    const std::uint64_t number = id / kBlockSize - first_block_;
    if (number < blocks_.size() && blocks_[number] != nullptr) return *blocks_[number];
    return add_block(id / kBlockSize);
  }

  Block& add_block(std::uint64_t number) {
    if (blocks_.empty()) first_block_ = number;
    for (; number < first_block_; --first_block_) blocks_.emplace_front();
    while (number - first_block_ >= blocks_.size()) blocks_.emplace_back();
    // Without clearing the bytes, which are written before they are read.
    blocks_[number - first_block_] =
        spare_ != nullptr ? std::move(spare_) : std::unique_ptr<Block>(new Block);
    return *blocks_[number - first_block_];
  }

  // Drops empty blocks from the front but the newest, which the next job goes into.
  void free_blocks() {
    while (blocks_.size() > 1 && (blocks_.front() == nullptr || blocks_.front()->count == 0)) {
      if (blocks_.front() != nullptr) spare_ = std::move(blocks_.front());
      blocks_.pop_front();
      ++first_block_;
    }
  }

  std::deque<std::unique_ptr<Block>> blocks_;
  std::unique_ptr<Block> spare_;
  std::uint64_t first_block_ = 0;
  std::size_t size_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SLOT_TABLE_H_
