#include "src/block_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace drydock::internal {
namespace {

struct Block {
  std::array<int, 9'001> numbers;
  int count = 7;
};

TEST(BlockArenaTest, BlocksStayWhereTheyAreAndKeepWhatIsInThem) {
  // Some in the heap, the others in several huge pages.
  constexpr int kBlocks = 200;
  BlockArena<Block> arena;
  std::vector<Block*> blocks;
  for (int i = 0; i < kBlocks; ++i) {
    blocks.push_back(arena.add());
    EXPECT_EQ(blocks.back()->count, 7);
    blocks.back()->numbers.fill(i);
    blocks.back()->count = i;
  }
  for (int i = 0; i < kBlocks; ++i) {
    const Block& block = *blocks[static_cast<std::size_t>(i)];
    EXPECT_EQ(block.count, i);
    EXPECT_TRUE(std::all_of(block.numbers.begin(), block.numbers.end(), [i](int number) {
      return number == i;
    })) << i;
  }
}

// As AddressSanitizer would say at the end of the program.
TEST(BlockArenaTest, WhatOnlyABlockPointsToIsNoLeak) {
  struct Pointers {
    std::array<int*, 5'000> pointers;
  };
  static BlockArena<Pointers>& arena = *new BlockArena<Pointers>;
  for (int i = 0; i < 200; ++i) arena.add()->pointers.fill(new int(i));
}

}  // namespace
}  // namespace drydock::internal
