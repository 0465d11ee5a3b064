#include "drydock/asio_kind.h"

#include <memory>
#include <string>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "drydock/asio_executor.h"
#include "drydock/thread_pool_executor.h"

namespace drydock {
namespace {

// A base of what stands on it, so that it is made before and destroyed after.
class OwnPool {
 protected:
  explicit OwnPool(int threads) : pool_(threads) {}
  asio::thread_pool pool_;
};

class PooledAsioExecutor final : private OwnPool, public AsioExecutor {
 public:
  PooledAsioExecutor(int threads, std::string name)
      : OwnPool(threads), AsioExecutor(pool_.get_executor(), {.name = std::move(name)}) {}
  ~PooledAsioExecutor() override { AsioExecutor::shutdown(); }

 protected:
  void do_finish() override { AsioExecutor::shutdown(); }
};

absl::StatusOr<int> threads_of(const ExecutorSettings& settings) {
  return settings.integer("threads", internal::hardware_threads(), 1, 10'000);
}

}  // namespace

ExecutorsBuilder& register_asio_kind(ExecutorsBuilder& builder) {
  return builder.register_kind(
      "asio",
      [](const ExecutorSettings& settings) -> absl::StatusOr<std::unique_ptr<Executor>> {
        const absl::StatusOr<int> threads = threads_of(settings);
        if (!threads.ok()) return threads.status();
        return std::make_unique<PooledAsioExecutor>(*threads, settings.name());
      },
      {"threads"}, [](const ExecutorSettings& settings) { return threads_of(settings).status(); });
}

ExecutorsBuilder& register_asio_kind(ExecutorsBuilder& builder, asio::any_io_executor executor) {
  return builder.register_kind(
      "asio",
      [executor = std::move(executor)](
          const ExecutorSettings& settings) -> absl::StatusOr<std::unique_ptr<Executor>> {
        return std::make_unique<AsioExecutor>(executor, AdapterOptions{.name = settings.name()});
      });
}

}  // namespace drydock
