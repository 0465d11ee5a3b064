#include "drydock/executors.h"

#include <algorithm>
#include <cstddef>
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
#include "drydock/wait_idle.h"
#include "src/spelling.h"

namespace drydock {
namespace {

// "drydock: <what>: …" for a status of "drydock: …".
absl::Status prefixed(const std::string& what, const absl::Status& status) {
  constexpr std::string_view kStart = "drydock: ";
  std::string_view text(status.message().data(), status.message().size());
  if (text.starts_with(kStart)) text.remove_prefix(kStart.size());
  return absl::Status(status.code(), std::string(kStart) + what + ": " + std::string(text));
}

absl::Status cannot_say(const std::vector<std::string>& names) {
  return absl::UnimplementedError(
      "drydock: the executors have ended, but for those that cannot say when they are idle: " +
      internal::comma_separated(names) +
      ". Their class has to override idle_target(); see drydock/wait_idle.h.");
}

}  // namespace

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
  for (const Named& named : executors_) named.executor->do_close();
  for (auto named = executors_.rbegin(); named != executors_.rend(); ++named) {
    named->executor->do_finish();
  }
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

std::size_t Executors::run_queued() {
  std::size_t ran = 0;
  for (const Named& named : executors_) ran += named.executor->do_run_queued().value_or(0);
  return ran;
}

absl::Status Executors::shutdown(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (run_queued() > 0) {
  }
  std::vector<Executor*> on_threads;
  std::vector<std::string> unknown;
  for (const Named& named : executors_) {
    if (named.executor->do_run_queued()) continue;
    const absl::Status status = wait_idle({named.executor.get()}, absl::ZeroDuration());
    if (absl::IsFailedPrecondition(status)) {
      return prefixed("the executors cannot be shut down here", status);
    }
    if (absl::IsUnimplemented(status)) {
      unknown.push_back(named.name);
    } else {
      on_threads.push_back(named.executor.get());
    }
  }
  for (const Named& named : executors_) named.executor->do_close();
  do {
    const absl::Status status =
        wait_idle(on_threads, std::max(deadline - absl::Now(), absl::ZeroDuration()));
    if (!status.ok()) return prefixed("the executors have not ended", status);
  } while (run_queued() > 0);
  for (auto named = executors_.rbegin(); named != executors_.rend(); ++named) {
    named->executor->do_finish();
  }
  return unknown.empty() ? absl::OkStatus() : cannot_say(unknown);
}

}  // namespace drydock
