// A text that many others are compared with, a name mostly. Up to 24 characters that takes no call.
#ifndef DRYDOCK_SRC_KNOWN_TEXT_H_
#define DRYDOCK_SRC_KNOWN_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace drydock::internal {

// Points to the string that it was made of.
class KnownText {
 public:
  KnownText() = default;
  explicit KnownText(const std::string& string) : string_(&string), size_(string.size()) {
    const char* const text = string.data();
    if (in_words()) {
      first_ = at<std::uint64_t>(text);
      last_ = at<std::uint64_t>(text + size_ - 8);
      if (size_ > 16) middle_ = at<std::uint64_t>(text + 8);
    } else if (in_halves()) {
      first_ = at<std::uint32_t>(text);
      last_ = at<std::uint32_t>(text + size_ - 4);
    }
  }

  const std::string& string() const { return *string_; }

  [[gnu::always_inline]] bool is(const std::string& other) const {
    if (other.size() != size_) return false;
    const char* const text = other.data();
    if (in_words()) {
      return at<std::uint64_t>(text) == first_ && at<std::uint64_t>(text + size_ - 8) == last_ &&
             (size_ <= 16 || at<std::uint64_t>(text + 8) == middle_);
    }
    if (in_halves()) {
      return at<std::uint32_t>(text) == first_ && at<std::uint32_t>(text + size_ - 4) == last_;
    }
    return size_ == 0 || std::memcmp(text, string_->data(), size_) == 0;
  }

 private:
  // Into words of eight bytes, or of four, of which the last may overlap the one before.
  bool in_words() const { return size_ >= 8 && size_ <= 24; }
  bool in_halves() const { return size_ >= 4 && size_ < 8; }

  template <class Word>
  static Word at(const char* bytes) {
    Word word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
  }

  const std::string* string_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t middle_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_KNOWN_TEXT_H_
