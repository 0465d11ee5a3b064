// Tells a test how often a closure has been destroyed.
#ifndef DRYDOCK_TESTS_WITNESS_H_
#define DRYDOCK_TESTS_WITNESS_H_

#include <atomic>
#include <utility>

namespace drydock {

// Counts how often a closure is destroyed that owns one of these.
class Witness {
 public:
  explicit Witness(std::atomic<int>& destroyed) : destroyed_(&destroyed) {}
  Witness(Witness&& other) noexcept : destroyed_(std::exchange(other.destroyed_, nullptr)) {}
  Witness& operator=(Witness&&) = delete;
  ~Witness() {
    if (destroyed_ != nullptr) destroyed_->fetch_add(1);
  }

 private:
  std::atomic<int>* destroyed_;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_WITNESS_H_
