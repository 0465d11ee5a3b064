// Memory for the blocks of a table that grows and is freed as a whole: the first ones from the
// heap, as a small test needs no more, the others in huge pages.
#ifndef DRYDOCK_SRC_BLOCK_ARENA_H_
#define DRYDOCK_SRC_BLOCK_ARENA_H_

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "src/huge_pages.h"

namespace drydock::internal {

template <class Block>
class BlockArena {
 public:
  BlockArena() = default;
  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;

  // Default-initialised, so that what a block does not clear is not touched. It stays where it is
  // until the arena ends.
  Block* add() {
    static_assert(std::is_trivially_destructible_v<Block>);
    static_assert(alignof(Block) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    if (next_ == end_) grow();
    return new (std::exchange(next_, next_ + sizeof(Block))) Block;
  }

 private:
  static constexpr std::size_t kInHeap = 64;
  static constexpr std::size_t kInPage = kHugePageSize / sizeof(Block);
  static_assert(kInPage > 1);

  void grow() {
    if (in_heap_.size() < kInHeap) {
      in_heap_.push_back(std::make_unique_for_overwrite<std::byte[]>(sizeof(Block)));
      next_ = in_heap_.back().get();
      end_ = next_ + sizeof(Block);
    } else {
      pages_.emplace_back();
      next_ = pages_.back().begin();
      end_ = next_ + kInPage * sizeof(Block);
    }
  }

  std::vector<std::unique_ptr<std::byte[]>> in_heap_;
  std::vector<HugePage> pages_;
  // What is left of the last piece.
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_BLOCK_ARENA_H_
