#include "src/spelling.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drydock::internal {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

std::size_t spelling_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + !same});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

std::string nearest_spelling(std::string_view name, const std::vector<std::string>& choices) {
  std::string nearest;
  // A third of the letters may differ, and one always.
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& choice : choices) {
    const std::size_t cost = spelling_distance(name, choice);
    if (cost >= best) continue;
    best = cost;
    nearest = choice;
  }
  return nearest;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& choices) {
  const std::string nearest = nearest_spelling(name, choices);
  return nearest.empty() ? "" : " Did you mean '" + nearest + "'?";
}

std::string comma_separated(const std::vector<std::string>& choices) {
  std::string text;
  for (const std::string& choice : choices) text += (text.empty() ? "" : ", ") + choice;
  return text;
}

}  // namespace drydock::internal
