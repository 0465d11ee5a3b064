// Names by number, so that a million events of one job name hold it once.
#ifndef DRYDOCK_SRC_NAME_TABLE_H_
#define DRYDOCK_SRC_NAME_TABLE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace drydock::internal {

// Number 0 is the empty name.
class NameTable {
 public:
  std::uint32_t intern(const std::string& name) {
    if (name.empty()) return 0;
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    names_.push_back(name);
    const auto number = static_cast<std::uint32_t>(names_.size());
    numbers_.emplace(names_.back(), number);
    return number;
  }

  const std::string& name(std::uint32_t number) const {
    return number == 0 ? empty_ : names_[number - 1];
  }

 private:
  std::string empty_;
  std::deque<std::string> names_;  // keeps its elements in place, which the keys below refer to
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_NAME_TABLE_H_
