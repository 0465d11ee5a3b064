// The links that a thread pool's queues are made of: a job is put into a node once, and from then
// on only pointers move.
#ifndef DRYDOCK_SRC_JOB_LIST_H_
#define DRYDOCK_SRC_JOB_LIST_H_

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "drydock/job.h"
#include "src/coarse_clock.h"

namespace drydock::internal {

// As few lines of the processor's cache as there can be: a job goes from the submitter's processor
// to the worker's, which waits for each of them.
struct alignas(64) QueuedJob {
  QueuedJob() : next(nullptr) {}
  QueuedJob(const QueuedJob&) = delete;
  QueuedJob& operator=(const QueuedJob&) = delete;
  // Without a job by now. NOLINTNEXTLINE(modernize-use-equals-default): a union's would be deleted
  ~QueuedJob() {}

  [[gnu::always_inline]] void put(SubmittedJob&& submitted, CoarseTick since) {
    new (&job) SubmittedJob(std::move(submitted));
    // 31 bits: without the second lowest, which is of two milliseconds.
    job.set_queue_bits((since >> 1U & ~1U) | (since & 1U));
  }
  void clear() { job.~SubmittedJob(); }

  // Begins to bring it to this processor, for writing.
  void prefetch() {
    __builtin_prefetch(this, 1);
    __builtin_prefetch(&next, 1);
  }

  // When it was submitted; see SparingClock.
  CoarseTick since() const {
    const CoarseTick bits = job.queue_bits();
    return (bits & ~1U) << 1U | (bits & 1U);
  }

  // There from `put` to `clear`.
  union {
    SubmittedJob job;
  };
  QueuedJob* next;
};

// First in, first out. Does not own its nodes.
class JobList {
 public:
  JobList() = default;
  JobList(const JobList&) = delete;
  JobList& operator=(const JobList&) = delete;

  bool empty() const { return head_ == nullptr; }
  std::size_t size() const { return size_; }

  void push_back(QueuedJob* node) {
    node->next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = node;
    tail_ = node;
    ++size_;
  }

  // Null where the list is empty.
  QueuedJob* pop_front() {
    QueuedJob* const node = head_;
    if (node == nullptr) return nullptr;
    head_ = node->next;
    if (head_ == nullptr) tail_ = nullptr;
    --size_;
    return node;
  }

  // Moves all of `other` behind what is here.
  void append(JobList& other) {
    if (other.empty()) return;
    (tail_ == nullptr ? head_ : tail_->next) = other.head_;
    tail_ = other.tail_;
    size_ += std::exchange(other.size_, 0);
    other.head_ = other.tail_ = nullptr;
  }

  // Takes the job out of the list; null where it is not in it. Looks at each one before it.
  QueuedJob* remove(JobId id) {
    QueuedJob* before = nullptr;
    for (QueuedJob* node = head_; node != nullptr; before = node, node = node->next) {
      if (node->job.id() != id) continue;
      (before == nullptr ? head_ : before->next) = node->next;
      if (tail_ == node) tail_ = before;
      --size_;
      return node;
    }
    return nullptr;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const QueuedJob* node = head_; node != nullptr; node = node->next) visit(*node);
  }

 private:
  QueuedJob* head_ = nullptr;
  QueuedJob* tail_ = nullptr;
  std::size_t size_ = 0;
};

// Nodes without a job, given back some at a time.
class SpareNodes {
 public:
  bool is_full() const { return size_ == nodes_.size(); }
  // Unless it is full.
  void push_back(QueuedJob* node) { nodes_[size_++] = node; }

 private:
  friend class JobNodes;

  std::array<QueuedJob*, 128> nodes_;
  std::size_t size_ = 0;
};

// Owns the nodes; hands out those that came back last, which some processor has in its cache,
// before it makes new ones.
class JobNodes {
 public:
  QueuedJob* take() {
    if (free_.empty()) add_block();
    QueuedJob* const node = free_.back();
    free_.pop_back();
    // That processor is a worker's, and to get them from it takes longer than a submit. A list of
    // nodes would not say in time which come next.
    if (free_.size() >= kAhead) free_[free_.size() - kAhead]->prefetch();
    return node;
  }
  void give_back(SpareNodes& nodes) {
    free_.insert(free_.end(), nodes.nodes_.data(), nodes.nodes_.data() + nodes.size_);
    nodes.size_ = 0;
  }
  void give_back(QueuedJob* node) { free_.push_back(node); }

 private:
  static constexpr std::size_t kBlock = 64;
  static constexpr std::size_t kAhead = 6;

  void add_block() {
    blocks_.push_back(std::make_unique<QueuedJob[]>(kBlock));
    // Room for all of them, so that giving one back allocates nothing.
    if (free_.capacity() < kBlock * blocks_.size()) free_.reserve(2 * kBlock * blocks_.size());
    for (std::size_t i = kBlock; i > 0; --i) free_.push_back(&blocks_.back()[i - 1]);
  }

  std::vector<QueuedJob*> free_;
  std::vector<std::unique_ptr<QueuedJob[]>> blocks_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_JOB_LIST_H_
