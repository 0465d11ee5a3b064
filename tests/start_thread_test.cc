#include "src/start_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

#include "absl/time/time.h"
#include "drydock/thread_pool_executor.h"
#include "tests/no_more_threads.h"

namespace drydock {
namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::resource_unavailable_try_again);
    return error.what();
  }
  return "nothing was thrown";
}

std::string no_thread_for(const std::string& what) {
  return "drydock: cannot start the thread for " + what +
         ". Give the executors fewer threads, or the user a higher limit of them (ulimit -u). The "
         "system says: Resource temporarily unavailable";
}

bool takes_signal(int signal) {
  sigset_t blocked;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  return ::sigismember(&blocked, signal) == 0;
}

TEST(StartThreadTest, SaysWhichThreadIsMissing) {
  const NoMoreThreads none;
  EXPECT_EQ(message_of([] { internal::start_thread("this and that", [] {}); }),
            no_thread_for("this and that"));
}

TEST(StartThreadTest, SignalsGoToTheApplicationsThreads) {
  bool background = true;
  bool other = false;
  internal::start_thread_without_signals("a test", [&] {
    background = takes_signal(SIGINT);
  }).join();
  internal::start_thread("a test", [&] { other = takes_signal(SIGINT); }).join();
  EXPECT_FALSE(background);
  EXPECT_TRUE(other);
  EXPECT_TRUE(takes_signal(SIGINT));
}

TEST(StartThreadTest, SignalsStillComeAfterOneThatCouldNotBeStarted) {
  const NoMoreThreads none;
  message_of([] { internal::start_thread_without_signals("a test", [] {}); });
  EXPECT_TRUE(takes_signal(SIGINT));
}

TEST(StartThreadTest, APoolThatGetsNoThreadSaysSoAndEnds) {
  const NoMoreThreads none;
  EXPECT_EQ(message_of([] { const ThreadPoolExecutor pool({.threads = 2, .name = "mail"}); }),
            no_thread_for("'mail-1' of executor 'mail'"));
}

// The job that it could not take is the caller's again, and the pool goes on.
TEST(StartThreadTest, ADelayThatGetsNoThreadIsRefused) {
  ThreadPoolExecutor pool({.threads = 1, .name = "mail"});
  const auto alive = std::make_shared<int>();
  {
    const NoMoreThreads none;
    EXPECT_EQ(message_of([&] { pool.submit({.delay = absl::Milliseconds(1)}, [alive] {}); }),
              no_thread_for("the delays of executor 'mail'"));
  }
  EXPECT_EQ(alive.use_count(), 1);
  std::atomic<int> runs{0};
  pool.submit([&] { ++runs; });
  pool.submit({.delay = absl::Milliseconds(1)}, [&] { ++runs; });
  EXPECT_TRUE(pool.wait_idle(absl::InfiniteDuration()).ok());
  EXPECT_EQ(runs, 2);
}

}  // namespace
}  // namespace drydock
