// Which transactions of which simulation the calling thread has open.
#ifndef DRYDOCK_SRC_TRANSACTION_MARK_H_
#define DRYDOCK_SRC_TRANSACTION_MARK_H_

#include "drydock/source_location.h"

namespace drydock::internal {

class Engine;

// Stands on the stack of the thread while an outermost transaction of a sandbox is open.
class TransactionMark {
 public:
  TransactionMark(const Engine& engine, SourceLocation where)
      : engine_(engine), where_(where), outer_(innermost_) {
    innermost_ = this;
  }
  TransactionMark(const TransactionMark&) = delete;
  TransactionMark& operator=(const TransactionMark&) = delete;
  ~TransactionMark() { innermost_ = outer_; }

  SourceLocation where() const { return where_; }

  // The calling thread's transaction in `engine`'s simulation; null where it has none open.
  static const TransactionMark* find(const Engine& engine) {
    const TransactionMark* transaction = innermost_;
    while (transaction != nullptr && &transaction->engine_ != &engine) {
      transaction = transaction->outer_;
    }
    return transaction;
  }

 private:
  const Engine& engine_;
  SourceLocation where_;
  TransactionMark* outer_;

  static inline constinit thread_local TransactionMark* innermost_ = nullptr;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TRANSACTION_MARK_H_
