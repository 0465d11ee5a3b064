// The BEGIN of a transaction that waits until the body sends its first statement.
#ifndef DRYDOCK_SRC_DEFERRED_BEGIN_H_
#define DRYDOCK_SRC_DEFERRED_BEGIN_H_

#include "absl/functional/function_ref.h"

namespace drydock::internal {

// For the thread that runs the body. What `begin` refers to outlives it.
class DeferredBegin {
 public:
  explicit DeferredBegin(absl::FunctionRef<void()> begin) : begin_(begin) {}

  // Begins, once. A call that throws has not begun, and the next one tries again.
  void now() {
    if (begun_) return;
    begin_();
    begun_ = true;
  }
  bool begun() const { return begun_; }

 private:
  absl::FunctionRef<void()> begin_;
  bool begun_ = false;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DEFERRED_BEGIN_H_
