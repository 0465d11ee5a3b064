// Whether pieces of text are the same as one, without a call: for names, which are short.
#ifndef DRYDOCK_SRC_SAME_TEXT_H_
#define DRYDOCK_SRC_SAME_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace drydock::internal {

// Points to the string that it was made of.
class Text {
 public:
  Text() = default;
  explicit Text(const std::string& string) : string_(&string), size_(string.size()) {
    if (fits()) {
      first_ = word_at(string.data());
      last_ = word_at(string.data() + size_ - kWord);
    }
  }

  const std::string& string() const { return *string_; }

  [[gnu::always_inline]] bool is(const std::string& other) const {
    if (other.size() != size_) return false;
    if (fits()) {
      return word_at(other.data()) == first_ && word_at(other.data() + size_ - kWord) == last_;
    }
    return size_ == 0 || std::memcmp(other.data(), string_->data(), size_) == 0;
  }

 private:
  static constexpr std::size_t kWord = sizeof(std::uint64_t);

  // Into two words, which may overlap.
  bool fits() const { return size_ >= kWord && size_ <= 2 * kWord; }
  static std::uint64_t word_at(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, kWord);
    return word;
  }

  const std::string* string_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SAME_TEXT_H_
