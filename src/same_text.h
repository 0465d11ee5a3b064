// Whether two pieces of text are the same, without a call: for names, which are short.
#ifndef DRYDOCK_SRC_SAME_TEXT_H_
#define DRYDOCK_SRC_SAME_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace drydock::internal {

[[gnu::always_inline]] inline bool same_word(const char* a, const char* b) {
  std::uint64_t first = 0, second = 0;
  std::memcpy(&first, a, sizeof(first));
  std::memcpy(&second, b, sizeof(second));
  return first == second;
}

// Word by word; the last word overlaps the one before.
[[gnu::always_inline]] inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (size < kWord) return size == 0 || std::memcmp(a, b, size) == 0;
  for (std::size_t i = 0; i + kWord <= size; i += kWord) {
    if (!same_word(a + i, b + i)) return false;
  }
  return same_word(a + size - kWord, b + size - kWord);
}

[[gnu::always_inline]] inline bool same_text(const std::string& a, const std::string& b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size());
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SAME_TEXT_H_
