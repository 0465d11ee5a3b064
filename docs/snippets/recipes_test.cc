// The recipes of docs/adapters.md for folly, BS::thread_pool, Taskflow, Qt and gRPC, compiled and
// run against peers.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "docs/snippets/peers.h"
#include "drydock/copyable_job.h"
#include "drydock/function_executor.h"

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RecipesTest : public ::testing::Test {
 protected:
  // The executor must not have run it by itself.
  void submit_to(drydock::Executor& executor) {
    executor.submit({.name = "job"}, [this] { ran_.emplace_back("job"); });
    EXPECT_THAT(ran_, IsEmpty());
  }

  std::vector<std::string> ran_;
};

TEST_F(RecipesTest, Folly) {
  folly::CPUThreadPoolExecutor pool;
  drydock::FunctionExecutor executor(
      [&pool](drydock::Job job) {
        pool.add([job = std::move(job)]() mutable { std::move(job)(); });
      },
      {.name = "folly"});
  submit_to(executor);
  pool.join();
  EXPECT_THAT(ran_, ElementsAre("job"));
}

TEST_F(RecipesTest, BsThreadPool) {
  BS::thread_pool pool;
  drydock::FunctionExecutor executor(
      [&pool](drydock::Job job) { pool.detach_task(drydock::CopyableJob(std::move(job))); },
      {.name = "bs"});
  submit_to(executor);
  pool.wait();
  EXPECT_THAT(ran_, ElementsAre("job"));
}

TEST_F(RecipesTest, Taskflow) {
  tf::Executor pool;
  drydock::FunctionExecutor executor(
      [&pool](drydock::Job job) { pool.silent_async(drydock::CopyableJob(std::move(job))); },
      {.name = "taskflow"});
  submit_to(executor);
  pool.wait_for_all();
  EXPECT_THAT(ran_, ElementsAre("job"));
}

TEST_F(RecipesTest, Qt) {
  QCoreApplication application;
  drydock::FunctionExecutor executor(
      [](drydock::Job job) {
        QMetaObject::invokeMethod(QCoreApplication::instance(),
                                  drydock::CopyableJob(std::move(job)), Qt::QueuedConnection);
      },
      {.name = "gui"});
  submit_to(executor);
  QCoreApplication::processEvents();
  EXPECT_THAT(ran_, ElementsAre("job"));
}

// A tag of the completion queue that is a job: an alarm that is due at once puts it there.
class JobTag {
 public:
  static void post(grpc::CompletionQueue& queue, drydock::Job job) {
    auto* const tag = new JobTag(std::move(job));
    tag->alarm_.Set(&queue, std::chrono::system_clock::now(), tag);
  }

  // By the loop that calls Next(). Not ok: the queue was shut down, and the job is dropped.
  void proceed(bool ok) {
    if (ok) std::move(job_)();
    delete this;
  }

 private:
  explicit JobTag(drydock::Job job) : job_(std::move(job)) {}
  drydock::Job job_;
  grpc::Alarm alarm_;
};

TEST_F(RecipesTest, Grpc) {
  grpc::CompletionQueue queue;
  drydock::FunctionExecutor executor(
      [&queue](drydock::Job job) { JobTag::post(queue, std::move(job)); }, {.name = "grpc"});
  submit_to(executor);
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<JobTag*>(tag)->proceed(ok);
  EXPECT_THAT(ran_, ElementsAre("job"));
}

}  // namespace
