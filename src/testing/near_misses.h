// What the matchers' texts have in common.
#ifndef DRYDOCK_SRC_TESTING_NEAR_MISSES_H_
#define DRYDOCK_SRC_TESTING_NEAR_MISSES_H_

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace drydock::internal {

// Of many lines the first few say what the rest would.
inline constexpr std::size_t kMostListed = 10;

// Whether a matcher is content.
inline bool enough(int found, std::optional<int> times) {
  return times ? found == *times : found > 0;
}

// "at least one pending job", "exactly 2 pending jobs", "no pending job"; `thing`: "pending job".
std::string describe_count(std::optional<int> times, const std::string& thing);
std::string describe_other_count(std::optional<int> times, const std::string& thing);

// Collects what a matcher has looked at, to print the nearest first.
class NearMisses {
 public:
  // `misses`: why it does not count, "its name"; empty: it counts. Of those with equally many the
  // one whose `name` is nearer to the wanted one comes first.
  void add(std::string text, std::vector<std::string> misses, std::string name);

  int counted() const { return counted_; }

  // A line each, and what `wanted`, a name that none of them has, may be meant for.
  void print(std::ostream& out, const std::string& wanted);

 private:
  struct Line {
    std::string text;
    std::vector<std::string> misses;
    std::string name;
    std::size_t distance = 0;
  };

  std::vector<Line> lines_;
  int counted_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_NEAR_MISSES_H_
