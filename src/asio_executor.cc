#include "drydock/asio_executor.h"

#include <memory>
#include <utility>

#include <asio/error_code.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "absl/base/thread_annotations.h"
#include "src/mutex.h"

namespace drydock {
namespace {

// A timer that one thread may give up while another one starts it: asio's own takes one thread at a
// time. Its handler owns it, so that it goes when the wait ends, or with the execution context.
class SharedTimer : public std::enable_shared_from_this<SharedTimer> {
 public:
  SharedTimer(const asio::any_io_executor& executor, std::chrono::steady_clock::time_point due)
      : timer_(executor, due) {}

  void start(Job call) {
    internal::MutexLock lock(mutex_);
    timer_.async_wait(
        [self = shared_from_this(), call = std::move(call)](const asio::error_code& error) mutable {
          if (!error) std::move(call)();
        });
  }

  void give_up() {
    internal::MutexLock lock(mutex_);
    timer_.cancel();
  }

 private:
  internal::Mutex mutex_;
  asio::steady_timer timer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

AsioExecutor::AsioExecutor(asio::any_io_executor executor, AdapterOptions options)
    : AdaptedExecutor(std::move(options), "asio"), executor_(std::move(executor)) {}

AsioExecutor::~AsioExecutor() { end(); }

void AsioExecutor::hand_over(Job job) {
  asio::post(executor_, [job = std::move(job)]() mutable { std::move(job)(); });
}

absl::AnyInvocable<void()> AsioExecutor::call_at(std::chrono::steady_clock::time_point due,
                                                 Job call) {
  const auto timer = std::make_shared<SharedTimer>(executor_, due);
  timer->start(std::move(call));
  return [waiting = std::weak_ptr<SharedTimer>(timer)] {
    if (const std::shared_ptr<SharedTimer> alive = waiting.lock()) alive->give_up();
  };
}

}  // namespace drydock
