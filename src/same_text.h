// Whether two pieces of text are the same, without a call: for names, which are short.
#ifndef DRYDOCK_SRC_SAME_TEXT_H_
#define DRYDOCK_SRC_SAME_TEXT_H_

#include <cstddef>
#include <cstring>
#include <string>

namespace drydock::internal {

// Word by word; the last word overlaps the one before. Comparing bytes of a number that is known
// when this is compiled takes no call.
template <std::size_t kWord>
[[gnu::always_inline]] inline bool same_words(const char* a, const char* b, std::size_t size) {
  for (std::size_t i = 0; i + kWord < size; i += kWord) {
    if (std::memcmp(a + i, b + i, kWord) != 0) return false;
  }
  return std::memcmp(a + size - kWord, b + size - kWord, kWord) == 0;
}

[[gnu::always_inline]] inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  if (size >= 16) return same_words<16>(a, b, size);
  if (size >= 8) return same_words<8>(a, b, size);
  if (size >= 4) return same_words<4>(a, b, size);
  return size == 0 || same_words<1>(a, b, size);
}

[[gnu::always_inline]] inline bool same_text(const std::string& a, const std::string& b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size());
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SAME_TEXT_H_
