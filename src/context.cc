#include "drydock/context.h"

#include <memory>
#include <utility>

#include "src/context_node.h"

namespace drydock::internal {
namespace {

// Lets go of what a thread that ends has left in its slots.
struct ClearAtThreadEnd {
  ~ClearAtThreadEnd() { swap_context(ContextRef()); }
  void arm() {}
};

const ContextNode* find_node(const ContextNode* list, const ContextSlotBase* slot) {
  while (list != nullptr && list->slot() != slot) list = list->rest();
  return list;
}

ContextRef without(const ContextNode* list, const ContextSlotBase* slot) {
  if (find_node(list, slot) == nullptr) return ContextRef(list);
  if (list->slot() == slot) return ContextRef(list->rest());
  return ContextRef(new ContextNode(list->slot(), list->value(), without(list->rest(), slot)));
}

const void* value_of(const ContextNode* node) {
  return node == nullptr ? nullptr : node->value().get();
}

}  // namespace

ContextRef::ContextRef(const ContextNode* node) noexcept : node_(node) {
  if (node_ != nullptr) node_->shares_.fetch_add(1, std::memory_order_relaxed);
}

void ContextRef::release(const ContextNode* node) noexcept {
  if (node->shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node;
}

ContextRef swap_context(ContextRef context) {
  if (context.get() != nullptr) {
    thread_local ClearAtThreadEnd clear_at_thread_end;
    clear_at_thread_end.arm();
  }
  return ContextRef::adopt(std::exchange(ThisThread::context_, context.detach()));
}

const char* differing_slot(const ContextNode* before, const ContextNode* after) {
  if (before == after) return nullptr;
  for (const ContextNode* node = after; node != nullptr; node = node->rest()) {
    if (value_of(find_node(before, node->slot())) != value_of(node)) return node->slot()->name();
  }
  for (const ContextNode* node = before; node != nullptr; node = node->rest()) {
    if (find_node(after, node->slot()) == nullptr) return node->slot()->name();
  }
  return nullptr;
}

void put_back_context(JobResult& result) {
  result.leaked_slot = differing_slot(nullptr, current_context());
  swap_context(ContextRef());
}

const void* ContextSlotBase::find() const { return value_of(find_node(current_context(), this)); }

std::shared_ptr<const void> ContextSlotBase::share() const {
  const ContextNode* node = find_node(current_context(), this);
  return node == nullptr ? nullptr : node->value();
}

void ContextSlotBase::store(std::shared_ptr<const void> value) const {
  ContextRef rest = without(current_context(), this);
  if (value != nullptr) {
    rest = ContextRef(new ContextNode(this, std::move(value), std::move(rest)));
  }
  swap_context(std::move(rest));
}

}  // namespace drydock::internal
