// A job as its children remember it: one line of the chain of submitters that messages print.
#ifndef DRYDOCK_SRC_LINEAGE_H_
#define DRYDOCK_SRC_LINEAGE_H_

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock::internal {

// Immutable and counted. A chain is never longer than `kLongest`: a node that would be longer
// copies its nearest ancestors instead of pointing at them all, so that a job that resubmits itself
// for ever holds a bounded chain.
class Lineage {
 public:
  static constexpr int kLongest = 64;
  static constexpr int kKept = 32;

  static LineageRef make(JobId id, std::string name, SourceLocation where, int generation,
                         const Lineage* parent);

  JobId id() const { return id_; }
  int generation() const { return generation_; }
  // Shares for `LineageRef::adopt`, and back; the caller has another one.
  void take(int shares) const { shares_.fetch_add(shares, std::memory_order_relaxed); }
  void give_back(int shares) const { shares_.fetch_sub(shares, std::memory_order_release); }
  // This job and its submitters, nearest first.
  std::vector<JobAncestor> chain() const;

 private:
  friend class LineageRef;
  Lineage(JobId id, std::string name, SourceLocation where, int generation)
      : id_(id), name_(std::move(name)), where_(where), generation_(generation) {}
  static LineageRef copy_nearest(const Lineage* node, int count);

  JobId id_;
  std::string name_;
  SourceLocation where_;
  int generation_;
  int length_ = 1;
  LineageRef parent_;
  mutable std::atomic<int> shares_{0};
};

// Lets go of the parents of jobs that ended one after the other on one thread. Most are of one
// parent: their shares go back in bulk, since an atomic operation for each would be a good part of
// what a small job costs.
class ParentsOfEndedJobs {
 public:
  ParentsOfEndedJobs() = default;
  ParentsOfEndedJobs(const ParentsOfEndedJobs&) = delete;
  ParentsOfEndedJobs& operator=(const ParentsOfEndedJobs&) = delete;
  ~ParentsOfEndedJobs() { let_go(); }

  void add(LineageRef parents) {
    if (parents.get() == nullptr) return;
    if (parents.get() == kept_.get()) {
      parents.detach();
      ++more_;
    } else {
      let_go();
      kept_ = std::move(parents);
    }
  }

  void let_go() {
    if (more_ > 0) kept_.get()->give_back(std::exchange(more_, 0));
    kept_ = LineageRef();
  }

 private:
  LineageRef kept_;
  int more_ = 0;  // shares of the same one
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LINEAGE_H_
