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

// Takes the line from the processor that has it. Without -mprfchw the compilers' prefetch asks for
// a copy only, and the first write then waits once more. A processor that does not know the
// instruction does nothing.
inline void prefetch_to_write(const void* place) {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(place)));
#else
  __builtin_prefetch(place, 1);
#endif
}

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
    prefetch_to_write(this);
    prefetch_to_write(&next);
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
//
// They are linked in `kLanes` lists that take turns, so that each names the one that comes `kLanes`
// later. Who takes them asks for that one while those between run; a single list names it only once
// the one before it has arrived, and one job after another waits for memory.
class JobList {
 public:
  JobList() = default;
  JobList(const JobList&) = delete;
  JobList& operator=(const JobList&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  void push_back(QueuedJob* node) {
    Lane& lane = lanes_[(first_ + size_) % kLanes];
    node->next = nullptr;
    (size_ < kLanes ? lane.head : lane.tail->next) = node;
    lane.tail = node;
    ++size_;
  }

  // Null where the list is empty. What its `next` names is still in the list, `kLanes` on.
  QueuedJob* pop_front() {
    if (empty()) return nullptr;
    Lane& lane = lanes_[first_];
    QueuedJob* const node = lane.head;
    lane.head = node->next;
    first_ = (first_ + 1) % kLanes;
    --size_;
    return node;
  }

  // Moves all of `other` here, if nothing is here.
  void refill_from(JobList& other) {
    if (!empty()) return;
    lanes_ = other.lanes_;
    first_ = other.first_;
    size_ = std::exchange(other.size_, 0);
  }

  // Takes the job out of the list; null where it is not in it. Looks at each one before it.
  QueuedJob* remove(JobId id) {
    QueuedJob* found = nullptr;
    visit_until([&](QueuedJob& node) {
      if (node.job.id() != id) return false;
      found = &node;
      return true;
    });
    if (found != nullptr) close_gap(found);
    return found;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    visit_until([&](const QueuedJob& node) {
      visit(node);
      return false;
    });
  }

 private:
  static constexpr std::size_t kLanes = 4;

  struct Lane {
    QueuedJob* head;
    QueuedJob* tail;
  };

  template <class Visit>
  void visit_until(Visit&& visit) const {
    std::array<QueuedJob*, kLanes> heads;
    for (std::size_t i = 0; i < kLanes; ++i) heads[i] = lanes_[i].head;
    for (std::size_t i = 0; i < size_; ++i) {
      QueuedJob*& node = heads[(first_ + i) % kLanes];
      if (visit(*node)) return;
      node = node->next;
    }
  }

  // Each one behind it changes its lane.
  void close_gap(QueuedJob* gone) {
    for (std::size_t left = size_; left > 0; --left) {
      QueuedJob* const node = pop_front();
      if (node != gone) push_back(node);
    }
  }

  std::array<Lane, kLanes> lanes_{};
  std::size_t first_ = 0;  // the lane of the first one
  std::size_t size_ = 0;
};

// Nodes without a job, given back some at a time: when there are enough, or when it is full.
class SpareNodes {
 public:
  bool is_enough() const { return size_ >= kEnough; }
  bool is_full() const { return size_ == nodes_.size(); }
  // Unless it is full.
  void push_back(QueuedJob* node) { nodes_[size_++] = node; }

 private:
  friend class JobNodes;

  static constexpr std::size_t kEnough = 128;

  std::array<QueuedJob*, 2 * kEnough> nodes_;
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
