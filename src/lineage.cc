#include "src/lineage.h"

#include <utility>

namespace drydock::internal {

LineageRef::LineageRef(const Lineage* node) noexcept : node_(node) {
  if (node_ != nullptr) node_->shares_.fetch_add(1, std::memory_order_relaxed);
}

void LineageRef::release(const Lineage* node) noexcept {
  if (node->shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node;
}

LineageRef Lineage::make(JobId id, std::string name, SourceLocation where, int generation,
                         const Lineage* parent) {
  auto* node = new Lineage(id, std::move(name), where, generation);
  LineageRef made(node);
  if (parent == nullptr) return made;
  node->parent_ = parent->length_ < kLongest ? LineageRef(parent) : copy_nearest(parent, kKept);
  node->length_ = node->parent_.get()->length_ + 1;
  return made;
}

LineageRef Lineage::copy_nearest(const Lineage* node, int count) {
  auto* copy = new Lineage(node->id_, node->name_, node->where_, node->generation_);
  LineageRef made(copy);
  if (count > 1 && node->parent_.get() != nullptr) {
    copy->parent_ = copy_nearest(node->parent_.get(), count - 1);
    copy->length_ = copy->parent_.get()->length_ + 1;
  }
  return made;
}

std::vector<JobAncestor> Lineage::chain() const {
  std::vector<JobAncestor> chain;
  for (const Lineage* node = this; node != nullptr; node = node->parent_.get()) {
    chain.push_back({node->id_, node->name_, node->where_});
  }
  return chain;
}

}  // namespace drydock::internal
