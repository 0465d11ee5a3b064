#include "src/test_observer.h"

#include <memory>
#include <string>

#include "src/context_node.h"

namespace drydock::internal {

const ContextSlot<std::shared_ptr<TestObserver>>& test_observer_slot() {
  static const ContextSlot<std::shared_ptr<TestObserver>> slot("drydock sandbox");
  return slot;
}

namespace {

// Null: there is none.
const std::shared_ptr<TestObserver>* find_observer(const SubmittedJob& job) {
  for (const ContextNode* node = job.context(); node != nullptr; node = node->rest()) {
    if (node->slot() != &test_observer_slot()) continue;
    return static_cast<const std::shared_ptr<TestObserver>*>(node->value().get());
  }
  return nullptr;
}

}  // namespace

const TestObserver* observer_of(const SubmittedJob& job) {
  const std::shared_ptr<TestObserver>* const observer = find_observer(job);
  return observer == nullptr ? nullptr : observer->get();
}

std::shared_ptr<TestObserver> share_observer_of(const SubmittedJob& job) {
  const std::shared_ptr<TestObserver>* const observer = find_observer(job);
  return observer == nullptr ? nullptr : *observer;
}

void note_leaked_context(const SubmittedJob& job, const char* slot) {
  if (const std::shared_ptr<TestObserver>* const observer = find_observer(job)) {
    (*observer)->note_leaked_context(job, slot);
  }
}

void note_blocked(const std::string& message) {
  if (const auto* const observer = test_observer_slot().get()) (*observer)->note_blocked(message);
}

}  // namespace drydock::internal
