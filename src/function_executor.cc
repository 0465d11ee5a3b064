#include "drydock/function_executor.h"

#include <stdexcept>
#include <utility>

namespace drydock {

FunctionExecutor::FunctionExecutor(absl::AnyInvocable<void(Job)> post, AdapterOptions options)
    : AdaptedExecutor(std::move(options), "function"), post_(std::move(post)) {
  if (post_) return;
  throw std::invalid_argument(
      "drydock: FunctionExecutor '" + name() +
      "' was given an empty function. Pass a callable that takes a drydock::Job and has it run.");
}

FunctionExecutor::~FunctionExecutor() { end(); }

void FunctionExecutor::hand_over(Job job) { post_(std::move(job)); }

}  // namespace drydock
