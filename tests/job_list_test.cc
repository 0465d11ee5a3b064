#include "src/job_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "drydock/job.h"

namespace drydock::internal {
namespace {

// Nodes with a job of the ids 1, 2, …
class Nodes {
 public:
  Nodes() = default;
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;
  ~Nodes() {
    for (const auto& node : nodes_) node->clear();
  }

  QueuedJob* add() {
    nodes_.push_back(std::make_unique<QueuedJob>());
    nodes_.back()->put(SubmittedJob(
                           JobId(nodes_.size()), [] {}, SourceLocation::current()),
                       0);
    return nodes_.back().get();
  }
  std::uint64_t count() const { return nodes_.size(); }

 private:
  std::vector<std::unique_ptr<QueuedJob>> nodes_;
};

std::vector<std::uint64_t> ids(const JobList& list) {
  std::vector<std::uint64_t> found;
  list.for_each([&](const QueuedJob& node) { found.push_back(node.job.id().value()); });
  return found;
}

TEST(JobListTest, HandsOutInTheOrderOfTheirComing) {
  Nodes nodes;
  JobList list;
  EXPECT_EQ(list.pop_front(), nullptr);
  for (int i = 0; i < 100; ++i) list.push_back(nodes.add());
  EXPECT_EQ(list.size(), 100U);
  for (std::uint64_t id = 1; id <= 100; ++id) EXPECT_EQ(list.pop_front()->job.id(), JobId(id));
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(JobListTest, NamesInTimeWhatIsToBeFetched) {
  Nodes nodes;
  JobList list;
  std::vector<QueuedJob*> all;
  for (int i = 0; i < 20; ++i) list.push_back(all.emplace_back(nodes.add()));
  constexpr std::size_t kAhead = 4;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(list.pop_front()->next, i + kAhead < all.size() ? all[i + kAhead] : nullptr);
  }
}

// Against a queue that everybody knows.
TEST(JobListTest, AgreesWithADequeOverRandomPrograms) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::uint64_t end) {
    return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random);
  };
  for (int program = 0; program < 2'000; ++program) {
    Nodes nodes;
    JobList inbox, ready;
    std::deque<std::uint64_t> in_inbox, in_ready;
    const auto remove = [&](JobList& list, std::deque<std::uint64_t>& expected, std::uint64_t id) {
      const auto place = std::find(expected.begin(), expected.end(), id);
      QueuedJob* const node = list.remove(JobId(id));
      ASSERT_EQ(node != nullptr, place != expected.end()) << id;
      if (node == nullptr) return;
      EXPECT_EQ(node->job.id(), JobId(id));
      expected.erase(place);
    };
    for (int step = 0; step < 60; ++step) {
      switch (below(5)) {
        case 0:
        case 1:
          inbox.push_back(nodes.add());
          in_inbox.push_back(nodes.count());
          break;
        case 2:
          ready.refill_from(inbox);
          if (in_ready.empty()) in_ready.swap(in_inbox);
          break;
        case 3:
          if (const QueuedJob* const node = ready.pop_front()) {
            EXPECT_EQ(node->job.id(), JobId(in_ready.front()));
            in_ready.pop_front();
          } else {
            EXPECT_TRUE(in_ready.empty());
          }
          break;
        default:
          const std::uint64_t id = 1 + below(nodes.count() + 1);
          ASSERT_NO_FATAL_FAILURE(remove(inbox, in_inbox, id));
          ASSERT_NO_FATAL_FAILURE(remove(ready, in_ready, id));
      }
      ASSERT_EQ(ids(inbox), std::vector(in_inbox.begin(), in_inbox.end()));
      ASSERT_EQ(ids(ready), std::vector(in_ready.begin(), in_ready.end()));
      ASSERT_EQ(inbox.size(), in_inbox.size());
      ASSERT_EQ(ready.size(), in_ready.size());
    }
  }
}

}  // namespace
}  // namespace drydock::internal
