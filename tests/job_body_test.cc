#include "drydock/job_body.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "drydock/job.h"

namespace drydock::internal {
namespace {

void nothing() {}

// Moves `body` to another place and back, and runs it there.
void move_and_run(JobBody body) {
  JobBody other(std::move(body));
  EXPECT_FALSE(body);  // NOLINT(bugprone-use-after-move): empty, as promised
  body = std::move(other);
  EXPECT_FALSE(other);  // NOLINT(bugprone-use-after-move)
  ASSERT_TRUE(body);
  std::move(body)();
}

TEST(JobBodyTest, RunsWhatItWasGivenAfterMoves) {
  int sum = 0;
  move_and_run([&sum] { sum += 1; });
  move_and_run([&sum, values = std::array<int, 3>{1, 2, 3}] { sum += values[0] + values[2]; });
  move_and_run([&sum, values = std::array<int, 100>{7}] { sum += values[0]; });
  move_and_run([&sum, owned = std::make_unique<int>(10)] { sum += *owned; });
  move_and_run([&sum, shared = std::make_shared<int>(20)] { sum += *shared; });
  move_and_run(Job([&sum] { sum += 100; }));
  move_and_run(std::function<void()>([&sum] { sum += 1000; }));
  EXPECT_EQ(sum, 1 + 4 + 7 + 10 + 20 + 100 + 1000);
}

TEST(JobBodyTest, IsEmptyForWhatCannotBeCalled) {
  EXPECT_FALSE(JobBody());
  EXPECT_FALSE(JobBody(Job()));
  EXPECT_FALSE(JobBody(std::function<void()>()));
  void (*function)() = nullptr;
  EXPECT_FALSE(JobBody(function));
  EXPECT_TRUE(JobBody(nothing));
}

TEST(JobBodyTest, LetsGoOfWhatTheCallableOwnsOnce) {
  const auto owned = std::make_shared<int>(1);
  JobBody small([owned] {});
  JobBody large([owned, values = std::array<int, 100>{}] { static_cast<void>(values); });
  EXPECT_EQ(owned.use_count(), 3);
  JobBody moved(std::move(small));
  EXPECT_EQ(owned.use_count(), 3);
  std::move(moved)();
  EXPECT_EQ(owned.use_count(), 3);  // until it is told to
  moved.reset();  // NOLINT(bugprone-use-after-move): running it has not emptied it
  EXPECT_EQ(owned.use_count(), 2);
  large = JobBody();
  EXPECT_EQ(owned.use_count(), 1);
}

// Its move may throw, so that it cannot stand where it would be moved.
struct ThrowsWhenMoved {
  explicit ThrowsWhenMoved(int* runs) : runs(runs) {}
  ThrowsWhenMoved(const ThrowsWhenMoved&) = default;
  ThrowsWhenMoved(ThrowsWhenMoved&& other) noexcept(false) : runs(other.runs) {
    if (++moves_ > 1) throw std::runtime_error("moved");
  }
  void operator()() const { ++*runs; }
  int* runs;
  static inline int moves_ = 0;
};

TEST(JobBodyTest, DoesNotMoveACallableWhoseMoveMayThrow) {
  int runs = 0;
  move_and_run(ThrowsWhenMoved(&runs));
  EXPECT_EQ(runs, 1);
}

struct alignas(64) Aligned {
  std::vector<std::uintptr_t>* places;
  void operator()() { places->push_back(reinterpret_cast<std::uintptr_t>(this)); }
};

TEST(JobBodyTest, KeepsTheAlignmentOfACallable) {
  std::vector<std::uintptr_t> places;
  move_and_run(Aligned{&places});
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places[0] % 64, 0U);
}

TEST(JobBodyTest, BecomesAJob) {
  int runs = 0;
  Job job = JobBody([&runs] { ++runs; });
  std::move(job)();
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace drydock::internal
