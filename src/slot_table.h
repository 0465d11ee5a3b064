// The pending jobs of a simulation, found by id in constant time.
#ifndef DRYDOCK_SRC_SLOT_TABLE_H_
#define DRYDOCK_SRC_SLOT_TABLE_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <utility>

#include "drydock/job.h"

namespace drydock::internal {

// A pending job and what the engine knows of it. Derives from `SubmittedJob` so that its own members
// stand in that class's tail padding: this is what a queued job costs.
struct Slot : SubmittedJob {
  Slot(SubmittedJob job, std::int64_t due_at, std::uint32_t arrived, std::uint32_t name_number,
       std::uint16_t lane_number)
      : SubmittedJob(std::move(job)),
        due(due_at),
        sequence(arrived),
        name_id(name_number),
        lane(lane_number) {}

  std::int64_t due;        // on the simulated clock, in nanoseconds since the Unix epoch
  std::uint32_t sequence;  // the order of arrival
  std::uint32_t name_id;   // in the journal's name table
  std::uint16_t lane;      // the queue that it stands in
};

// Ids of one simulation are dense, so a block of slots is found by dividing. A block lives as long
// as a job in it is pending.
class SlotTable {
 public:
  // Null if the id is taken.
  template <class... Args>
  Slot* insert(std::uint64_t id, Args&&... args) {
    Block& block = block_of(id);
    const std::size_t index = id % kBlockSize;
    if (block.taken[index]) return nullptr;
    block.taken[index] = true;
    ++block.count;
    ++size_;
    return new (block.at(index)) Slot(std::forward<Args>(args)...);
  }

  Slot* find(std::uint64_t id) {
    const std::uint64_t number = id / kBlockSize;
    if (number < first_block_ || number - first_block_ >= blocks_.size()) return nullptr;
    Block* block = blocks_[number - first_block_].get();
    const std::size_t index = id % kBlockSize;
    if (block == nullptr || !block->taken[index]) return nullptr;
    return std::launder(reinterpret_cast<Slot*>(block->at(index)));
  }

  // Removes the slot and hands its job over. The slot is one that `find` gave.
  SubmittedJob take(Slot& slot) {
    const std::uint64_t id = slot.id().value();
    SubmittedJob job = std::move(static_cast<SubmittedJob&>(slot));
    slot.~Slot();
    Block& block = *blocks_[id / kBlockSize - first_block_];
    block.taken[id % kBlockSize] = false;
    --size_;
    if (--block.count == 0) free_blocks();
    return job;
  }

  // In the order of ids.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (const auto& block : blocks_) {
      if (block == nullptr) continue;
      for (std::size_t i = 0; i < kBlockSize; ++i) {
        if (block->taken[i]) visit(*std::launder(reinterpret_cast<Slot*>(block->at(i))));
      }
    }
  }

  std::size_t size() const { return size_; }

  SlotTable() = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() {
    for_each([](Slot& slot) { slot.~Slot(); });
  }

 private:
  static constexpr std::size_t kBlockSize = 256;
  struct Block {
    alignas(Slot) std::array<std::byte, kBlockSize * sizeof(Slot)> bytes;
    std::bitset<kBlockSize> taken;
    std::size_t count = 0;

    void* at(std::size_t index) { return &bytes[index * sizeof(Slot)]; }
  };

  Block& block_of(std::uint64_t id) {
    const std::uint64_t number = id / kBlockSize;
    if (blocks_.empty()) first_block_ = number;
    while (number < first_block_) {
      blocks_.emplace_front();
      --first_block_;
    }
    while (number - first_block_ >= blocks_.size()) blocks_.emplace_back();
    std::unique_ptr<Block>& block = blocks_[number - first_block_];
    if (block == nullptr) block = spare_ != nullptr ? std::move(spare_) : new_block();
    return *block;
  }

  // Without clearing the bytes, which are written before they are read.
  static std::unique_ptr<Block> new_block() { return std::unique_ptr<Block>(new Block); }

  // Drops empty blocks from both ends but the newest, which the next job goes into.
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
