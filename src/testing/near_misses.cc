#include "src/testing/near_misses.h"

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "src/spelling.h"

namespace drydock::internal {
namespace {

// "its name, its due time and its place".
std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    joined += (i == 0 ? "" : i + 1 == texts.size() ? " and " : ", ") + texts[i];
  }
  return joined;
}

}  // namespace

std::string describe_count(std::optional<int> times, const std::string& thing) {
  if (!times) return "at least one " + thing;
  if (*times == 0) return "no " + thing;
  return "exactly " + std::to_string(*times) + " " + thing + (*times == 1 ? "" : "s");
}

std::string describe_other_count(std::optional<int> times, const std::string& thing) {
  if (!times) return "no " + thing;
  if (*times == 0) return "at least one " + thing;
  return "another number than " + std::to_string(*times) + " of " + thing + "s";
}

void NearMisses::add(std::string text, std::vector<std::string> misses, std::string name) {
  counted_ += misses.empty() ? 1 : 0;
  lines_.push_back({std::move(text), std::move(misses), std::move(name)});
}

void NearMisses::print(std::ostream& out, const std::string& wanted) {
  std::vector<std::string> names;
  for (Line& line : lines_) {
    line.distance = spelling_distance(wanted, line.name);
    names.push_back(line.name);
  }
  std::stable_sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) {
    return std::tuple(a.misses.size(), a.distance) < std::tuple(b.misses.size(), b.distance);
  });
  for (std::size_t i = 0; i < lines_.size() && i < kMostListed; ++i) {
    const Line& line = lines_[i];
    out << "\n  " << (line.misses.empty() ? "counted: " : "not counted, for ")
        << (line.misses.empty() ? "" : join(line.misses) + ": ") << line.text;
  }
  if (lines_.size() > kMostListed) out << "\n  … and " << lines_.size() - kMostListed << " more";
  if (wanted.empty() || std::find(names.begin(), names.end(), wanted) != names.end()) return;
  const std::string advice = did_you_mean(wanted, names);
  if (!advice.empty()) out << "\n " << advice;
}

}  // namespace drydock::internal
