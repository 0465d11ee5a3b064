// What other threads can see of a thread: its name, and what it is at inside the job that it runs.
//
// A listing of unfinished jobs says of each where it hangs. The executor knows the job; that the
// job is in an SQL statement only the layer that talks to the database knows. It says so here, and
// whoever lists the jobs reads it, without either knowing the other:
//
//   const ActivityScope scope(std::make_shared<TextActivity>("waiting for a connection"));
#ifndef DRYDOCK_SRC_THREAD_CARD_H_
#define DRYDOCK_SRC_THREAD_CARD_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "src/mutex.h"

namespace drydock::internal {

class Activity {
 public:
  Activity() = default;
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;
  virtual ~Activity() = default;

  // "in the transact at a.cc:7, …". Called on any thread, also when the activity is over; may take
  // time; never throws.
  virtual std::string describe() const noexcept = 0;
};

class TextActivity final : public Activity {
 public:
  explicit TextActivity(std::string text) : text_(std::move(text)) {}
  std::string describe() const noexcept override { return text_; }

 private:
  const std::string text_;
};

// Thread-safe. Outlives its thread where somebody else holds it.
class ThreadCard {
 public:
  // The calling thread's.
  static const std::shared_ptr<ThreadCard>& own();

  ThreadCard();
  // As the system knew it when the card was made.
  const std::string& name() const { return name_; }
  // Null: nothing worth a line.
  std::shared_ptr<const Activity> activity() const {
    const MutexLock lock(mutex_);
    return activity_;
  }

 private:
  friend class ActivityScope;
  std::shared_ptr<const Activity> exchange(std::shared_ptr<const Activity> activity) {
    const MutexLock lock(mutex_);
    return std::exchange(activity_, std::move(activity));
  }

  const std::string name_;
  mutable Mutex mutex_;
  std::shared_ptr<const Activity> activity_ ABSL_GUARDED_BY(mutex_);
};

// The calling thread is at it for as long as this lives. Scopes nest; the innermost shows.
class ActivityScope {
 public:
  explicit ActivityScope(std::shared_ptr<const Activity> activity)
      : card_(ThreadCard::own()), outer_(card_->exchange(std::move(activity))) {}
  ActivityScope(const ActivityScope&) = delete;
  ActivityScope& operator=(const ActivityScope&) = delete;
  ~ActivityScope() { card_->exchange(std::move(outer_)); }

 private:
  const std::shared_ptr<ThreadCard> card_;
  std::shared_ptr<const Activity> outer_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_THREAD_CARD_H_
