// Messages say how long a job has run or waited; a test that compares their whole text cannot know.
#ifndef DRYDOCK_TESTS_WITHOUT_TIMES_H_
#define DRYDOCK_TESTS_WITHOUT_TIMES_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace drydock {

// `text` with "T" for each duration behind one of the words that introduce them.
// (std::regex would do; GCC 12 warns inside it when it sanitises.)
inline std::string without_times(std::string text) {
  for (const std::string_view word : {"for ", "up to ", "waited ", "due in ", "after ", "ended "}) {
    std::size_t at = 0;
    while ((at = text.find(word, at)) != std::string::npos) {
      at += word.size();
      const std::size_t end = text.find_first_not_of("0123456789.hmnus", at);
      const bool is_duration = at < text.size() && text[at] >= '0' && text[at] <= '9';
      if (is_duration) text.replace(at, end - at, "T");
    }
  }
  return text;
}

}  // namespace drydock

#endif  // DRYDOCK_TESTS_WITHOUT_TIMES_H_
