// Which transactions of which simulation the calling thread has open.
#ifndef DRYDOCK_SRC_TRANSACTION_MARK_H_
#define DRYDOCK_SRC_TRANSACTION_MARK_H_

#include <utility>

#include "drydock/source_location.h"

namespace drydock {
class SubmittedJob;
}

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

  // What executors outside of a simulation call at each submit.
  static void see_submit(const SubmittedJob& job) {
    if (innermost_ != nullptr && !quiet_) innermost_->note_submit(job);
  }
  // The same of another simulation's executor.
  static void see_submit(const SubmittedJob& job, const Engine& of) {
    if (innermost_ == nullptr) [[likely]] {
      return;
    }
    if (&innermost_->engine_ != &of) see_submit(job);
  }
  // Lives while an executor forwards what it has seen before, maybe on another thread; or, with
  // false, while a job runs that the forwarding itself may have started: what a job submits has not
  // been seen.
  class Forwarding {
   public:
    explicit Forwarding(bool forwards = true) : before_(std::exchange(quiet_, forwards)) {}
    Forwarding(const Forwarding&) = delete;
    Forwarding& operator=(const Forwarding&) = delete;
    ~Forwarding() { quiet_ = before_; }
    // Whether the calling thread is in one.
    static bool is_here() { return quiet_; }

   private:
    const bool before_;
  };

  SourceLocation where() const { return where_; }

  // The calling thread's transaction in `engine`'s simulation; null where it has none open.
  static const TransactionMark* find(const Engine& engine) {
    const TransactionMark* transaction = innermost_;
    if (transaction == nullptr) [[likely]] {
      return nullptr;
    }
    while (transaction != nullptr && &transaction->engine_ != &engine) {
      transaction = transaction->outer_;
    }
    return transaction;
  }

 protected:
  ~TransactionMark() { innermost_ = outer_; }

 private:
  // Makes a finding of it.
  virtual void note_submit(const SubmittedJob& job) const = 0;

  const Engine& engine_;
  SourceLocation where_;
  TransactionMark* outer_;

  static inline constinit thread_local TransactionMark* innermost_ = nullptr;
  static inline constinit thread_local bool quiet_ = false;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TRANSACTION_MARK_H_
