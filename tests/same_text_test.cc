#include "src/same_text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace drydock::internal {
namespace {

TEST(SameText, TellsTextsOfEachLengthApart) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'a');
    EXPECT_TRUE(same_text(text, std::string(size, 'a')));
    EXPECT_FALSE(same_text(text, text + "a"));
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = 'b';
      EXPECT_FALSE(same_text(text, other)) << size << ", " << i;
    }
  }
}

}  // namespace
}  // namespace drydock::internal
