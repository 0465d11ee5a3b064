#include "drydock/executors.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "drydock/executors_builder.h"
#include "drydock/thread_pool_executor.h"
#include "src/spelling.h"

namespace drydock {

absl::StatusOr<Executors> Executors::from_yaml(std::string_view text) {
  return ExecutorsBuilder().from_yaml(text);
}

absl::StatusOr<Executors> Executors::from_file(const std::string& path) {
  return ExecutorsBuilder().from_file(path);
}

Executors& Executors::operator=(Executors&& other) noexcept {
  if (this == &other) return *this;
  destroy();
  executors_ = std::move(other.executors_);
  return *this;
}

Executors::~Executors() { destroy(); }

void Executors::destroy() {
  while (!executors_.empty()) executors_.pop_back();
}

const Executors::Named& Executors::find(std::string_view name) const {
  const auto found = std::find_if(executors_.begin(), executors_.end(),
                                  [name](const Named& named) { return named.name == name; });
  if (found == executors_.end()) {
    throw std::out_of_range("drydock: there is no executor '" + std::string(name) + "'." +
                            internal::did_you_mean(name, names()) +
                            " Executors: " + internal::comma_separated(names()) + ".");
  }
  return *found;
}

Executor& Executors::get(std::string_view name) const { return *find(name).executor; }
const std::string& Executors::kind(std::string_view name) const { return find(name).kind; }

std::vector<std::string> Executors::names() const {
  std::vector<std::string> names;
  for (const Named& named : executors_) names.push_back(named.name);
  return names;
}

absl::Status Executors::shutdown(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::string left;
  for (auto named = executors_.rbegin(); named != executors_.rend(); ++named) {
    auto* const pool = dynamic_cast<ThreadPoolExecutor*>(named->executor.get());
    if (pool == nullptr) continue;
    const absl::Status status = pool->shutdown(deadline - absl::Now());
    if (!status.ok()) left += (left.empty() ? "" : "\n") + std::string(status.message());
  }
  return left.empty() ? absl::OkStatus() : absl::DeadlineExceededError(left);
}

}  // namespace drydock
