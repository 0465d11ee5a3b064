// The values of a thread's context slots, as an immutable list that threads share by counting.
#ifndef DRYDOCK_SRC_CONTEXT_NODE_H_
#define DRYDOCK_SRC_CONTEXT_NODE_H_

#include <atomic>
#include <memory>
#include <utility>

#include "drydock/context.h"
#include "drydock/job.h"

namespace drydock::internal {

// One slot's value, and the other slots' behind it. A slot stands in a list at most once.
class ContextNode {
 public:
  ContextNode(const ContextSlotBase* slot, std::shared_ptr<const void> value, ContextRef rest)
      : slot_(slot), value_(std::move(value)), rest_(std::move(rest)) {}

  const ContextSlotBase* slot() const { return slot_; }
  const std::shared_ptr<const void>& value() const { return value_; }
  const ContextNode* rest() const { return rest_.get(); }

 private:
  friend class ContextRef;
  const ContextSlotBase* slot_;
  std::shared_ptr<const void> value_;
  ContextRef rest_;
  mutable std::atomic<int> shares_{0};
};

// The calling thread's context; null where no slot is set.
inline const ContextNode* current_context() { return ThisThread::context_; }

// Makes `context` the calling thread's and returns what was there.
ContextRef swap_context(ContextRef context);

// The name of a slot whose value differs between the two; null where all are equal.
const char* differing_slot(const ContextNode* before, const ContextNode* after);

// After a job that began with all slots empty: names one that it left set, and empties them.
void put_back_context(JobResult& result);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CONTEXT_NODE_H_
