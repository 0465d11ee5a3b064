#include "src/huge_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace drydock::internal {
namespace {

TEST(HugePagesTest, APageLiesOnItsBorderAndCanBeWrittenThroughout) {
  std::vector<HugePage> pages;
  for (unsigned i = 0; i < 3; ++i) {
    pages.emplace_back();
    std::byte* const begin = pages.back().begin();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(begin) % kHugePageSize, 0U);
    std::fill_n(begin, kHugePageSize, std::byte(i + 1));
  }
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(pages[i].begin()[0], std::byte(i + 1));
    EXPECT_EQ(pages[i].begin()[kHugePageSize - 1], std::byte(i + 1));
  }
}

TEST(HugePagesTest, APageGoesToWhoeverItIsMovedTo) {
  HugePage first;
  std::byte* const begin = first.begin();
  const HugePage second(std::move(first));
  EXPECT_EQ(second.begin(), begin);
  EXPECT_EQ(first.begin(), nullptr);  // NOLINT(bugprone-use-after-move)
  begin[0] = std::byte(1);
}

TEST(HugePagesTest, AdviceLeavesTheBytesAsTheyAre) {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{100}, kHugePageSize, 5 * kHugePageSize + 123}) {
    std::vector<char> memory(bytes, 'x');
    advise_huge_pages(memory.data(), bytes);
    EXPECT_EQ(std::count(memory.begin(), memory.end(), 'x'), static_cast<std::ptrdiff_t>(bytes));
    std::fill(memory.begin(), memory.end(), 'y');
  }
}

}  // namespace
}  // namespace drydock::internal
