#include "src/known_text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace drydock::internal {
namespace {

TEST(KnownTextTest, TellsTextsOfEachLengthApart) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'a');
    EXPECT_TRUE(KnownText(text).is(std::string(size, 'a')));
    EXPECT_FALSE(KnownText(text).is(text + "a"));
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = 'b';
      EXPECT_FALSE(KnownText(text).is(other)) << size << ", " << i;
    }
  }
}

}  // namespace
}  // namespace drydock::internal
