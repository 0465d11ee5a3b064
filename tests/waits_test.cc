#include "src/waits.h"

#include <gtest/gtest.h>

#include <latch>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "src/deadline.h"
#include "src/idle_source.h"

namespace drydock::internal {
namespace {

// Ends once the thread `other` goes on.
class WaitForThread final : public Wait {
 public:
  explicit WaitForThread(std::thread::id other) : other_(other) {}

  bool may_end(const StuckThreads& stuck) const override { return !is_stuck(stuck, other_); }
  std::string what() const override { return "for a thread"; }
  SteadyTime deadline() const override { return deadline_after(absl::InfiniteDuration()); }

 private:
  const std::thread::id other_;
};

constexpr char kRing[] =
    "\n  code outside any job waits for a thread"
    "\n  code outside any job waits for a thread";

// Between the refusal and the end of the wait the others of its ring are not refused as well.
TEST(WaitScopeTest, OnlyOneOfARingIsBlocked) {
  std::latch first_waits(1);
  std::latch second_is_refused(1);
  std::latch first_has_asked(1);
  const std::thread::id first = std::this_thread::get_id();
  std::string refused;
  std::thread second([&] {
    const WaitForThread wait(first);
    first_waits.wait();
    WaitScope scope(wait);
    refused = scope.blocked();
    second_is_refused.count_down();
    first_has_asked.wait();
  });
  const WaitForThread wait(second.get_id());
  WaitScope scope(wait);
  EXPECT_EQ(scope.blocked(), "");
  first_waits.count_down();
  second_is_refused.wait();
  EXPECT_EQ(scope.blocked(), "");
  EXPECT_EQ(WaitScope::waiting(), 1U);
  first_has_asked.count_down();
  second.join();
  EXPECT_EQ(refused, kRing);
}

TEST(WaitScopeTest, OneThatGoesOnAllTheSameIsSeenAgain) {
  std::latch first_waits(1);
  std::string refused;
  std::string refused_again;
  const std::thread::id first = std::this_thread::get_id();
  std::thread second([&] {
    const WaitForThread wait(first);
    first_waits.wait();
    WaitScope scope(wait);
    refused = scope.blocked();
    refused_again = scope.blocked();
  });
  const WaitForThread wait(second.get_id());
  WaitScope scope(wait);
  first_waits.count_down();
  second.join();
  EXPECT_EQ(refused, kRing);
  EXPECT_EQ(refused_again, kRing);
  EXPECT_EQ(WaitScope::waiting(), 1U);
}

}  // namespace
}  // namespace drydock::internal
