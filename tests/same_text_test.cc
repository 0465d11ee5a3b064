#include "src/same_text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace drydock::internal {
namespace {

TEST(TextTest, TellsTextsOfEachLengthApart) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'a');
    EXPECT_TRUE(Text(text).is(std::string(size, 'a')));
    EXPECT_FALSE(Text(text).is(text + "a"));
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = 'b';
      EXPECT_FALSE(Text(text).is(other)) << size << ", " << i;
    }
  }
}

}  // namespace
}  // namespace drydock::internal
