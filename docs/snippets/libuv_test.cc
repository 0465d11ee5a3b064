// The recipe of docs/adapters.md for libuv, compiled and run against it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <uv.h>

#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "drydock/current_job.h"
#include "drydock/function_executor.h"

namespace {

using ::testing::ElementsAre;

// Jobs for the thread that runs a loop of libuv's: any thread posts, and wakes the loop.
class LoopJobs {
 public:
  explicit LoopJobs(uv_loop_t& loop) {
    uv_async_init(&loop, &wake_, &LoopJobs::on_wake);
    wake_.data = this;
  }

  void post(drydock::Job job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    uv_async_send(&wake_);
  }

  // On the loop's thread; lets uv_run() return.
  void close() { uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr); }

 private:
  static void on_wake(uv_async_t* wake) { static_cast<LoopJobs*>(wake->data)->run(); }

  void run() {
    std::deque<drydock::Job> jobs;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs.swap(jobs_);
    }
    for (drydock::Job& job : jobs) std::move(job)();
  }

  uv_async_t wake_;
  std::mutex mutex_;
  std::deque<drydock::Job> jobs_;
};

TEST(LibuvTest, JobsRunOnTheThreadOfTheLoop) {
  uv_loop_t loop;
  ASSERT_EQ(uv_loop_init(&loop), 0);
  LoopJobs jobs(loop);
  drydock::FunctionExecutor executor([&jobs](drydock::Job job) { jobs.post(std::move(job)); },
                                     {.name = "uv"});
  const std::thread::id loop_thread = std::this_thread::get_id();
  std::vector<std::string> ran;
  std::thread submitter([&] {
    executor.submit({.name = "first"}, [&] {
      EXPECT_EQ(std::this_thread::get_id(), loop_thread);
      ran.push_back(drydock::current_job()->name());
      executor.submit({.name = "last", .delay = absl::Milliseconds(1)}, [&] {
        ran.push_back(drydock::current_job()->name());
        jobs.close();
      });
    });
  });
  uv_run(&loop, UV_RUN_DEFAULT);
  submitter.join();
  EXPECT_EQ(uv_loop_close(&loop), 0);
  EXPECT_THAT(ran, ElementsAre("first", "last"));
  EXPECT_TRUE(executor.shutdown(absl::Seconds(60)).ok());
}

}  // namespace
