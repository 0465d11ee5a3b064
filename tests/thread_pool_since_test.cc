// Since when the jobs of a pool run or wait, in its listings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/thread_pool_executor.h"
#include "drydock/wait_idle.h"
#include "tests/job_gate.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kLong = absl::Seconds(60);

class ThreadPoolSinceTest : public ::testing::Test {
 protected:
  // The list of what runs and waits, with its times.
  std::string listing() {
    return std::string(wait_idle({&pool_}, absl::Milliseconds(1)).message());
  }

  // Runs `count` jobs that end at once.
  void run_quick_jobs(int count) {
    for (int i = 0; i < count; ++i) pool_.submit([] {});
    ASSERT_TRUE(pool_.wait_idle(kLong).ok());
  }

  ThreadPoolExecutor pool_{{.threads = 1, .name = "pool"}};
};

// Of the line that starts with `head`; infinite where there is none.
absl::Duration age_in(const std::string& text, const std::string& head) {
  const std::size_t at = text.find(head);
  if (at == std::string::npos) return absl::InfiniteDuration();
  const std::string from = text.substr(at + head.size());
  absl::Duration age = absl::InfiniteDuration();
  EXPECT_TRUE(absl::ParseDuration(from.substr(0, from.find_first_of(" :")), &age)) << text;
  return age;
}

TEST_F(ThreadPoolSinceTest, OneOfManyQuickJobsHasRunForUpToATime) {
  constexpr int kJobs = 1000;
  constexpr int kEach = 99;  // not a multiple of how often the clock is read
  std::string texts;
  Gate gate(pool_);
  for (int i = 0; i < kJobs; ++i) {
    pool_.submit([&, i] {
      if (i % kEach != kEach - 1) return;
      std::thread([&] { texts += without_times(listing()); }).join();
    });
  }
  gate.open();
  ASSERT_TRUE(pool_.wait_idle(kLong).ok());
  EXPECT_THAT(texts, HasSubstr("\n  running for up to T on thread 'pool-1'"));
}

TEST_F(ThreadPoolSinceTest, OneOfManyThatAJobSubmitsHasWaitedForUpToATime) {
  std::string text;
  // The clock may step in any of them.
  for (int round = 0; round < 100 && text.find("up to") == std::string::npos; ++round) {
    pool_.submit([&] {
      for (int i = 0; i < 20; ++i) pool_.submit([] {});
      std::thread([&] { text = without_times(listing()); }).join();
    });
    ASSERT_TRUE(pool_.wait_idle(kLong).ok());
  }
  EXPECT_THAT(text, HasSubstr("\n  queued for T: 'thread_pool_since_test.cc:"));
  EXPECT_THAT(text, HasSubstr("\n  queued for up to T: 'thread_pool_since_test.cc:"));
}

TEST_F(ThreadPoolSinceTest, AJobThatStartsAfterAPauseHasATimeOfItsOwn) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kPause = std::chrono::milliseconds(60);
  run_quick_jobs(1000);
  const Clock::time_point quiet = Clock::now();
  while (Clock::now() - quiet < kPause) std::this_thread::yield();
  const Clock::time_point started = Clock::now();
  const Gate gate(pool_);
  const std::string text = listing();
  // The clock of the listings goes in steps of some milliseconds.
  const absl::Duration at_most = absl::FromChrono(Clock::now() - started) + absl::Milliseconds(20);
  EXPECT_LE(age_in(text, "\n  running for "), at_most) << text;
}

TEST_F(ThreadPoolSinceTest, JobsFromOutsideHaveATimeOfTheirOwnHoweverMany) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kQueued = std::chrono::milliseconds(60);
  run_quick_jobs(1000);
  const Gate gate(pool_);
  const Clock::time_point before = Clock::now();
  for (int i = 0; i < 18; ++i) pool_.submit([] {});
  const Clock::time_point submitted = Clock::now();
  while (Clock::now() - submitted < kQueued) std::this_thread::yield();
  const std::string text = listing();
  const absl::Duration at_most = absl::FromChrono(Clock::now() - before) + absl::Milliseconds(20);
  EXPECT_THAT(text, Not(HasSubstr("up to")));
  const absl::Duration age = age_in(text, "\n  queued for ");
  EXPECT_GE(age, absl::FromChrono(kQueued) - absl::Milliseconds(10)) << text;
  EXPECT_LE(age, at_most) << text;
}

}  // namespace
}  // namespace drydock
