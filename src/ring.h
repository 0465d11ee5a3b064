// A queue in one piece of memory that grows and is not given back: first in, first out.
#ifndef DRYDOCK_SRC_RING_H_
#define DRYDOCK_SRC_RING_H_

#include <cstddef>
#include <type_traits>
#include <vector>

namespace drydock::internal {

template <class T>
requires std::is_trivially_copyable_v<T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const T& front() const { return items_[first_]; }
  // The one behind `index` others.
  const T& operator[](std::size_t index) const { return items_[wrap(first_ + index)]; }

  void set(std::size_t index, const T& item) { items_[wrap(first_ + index)] = item; }

  void push_back(const T& item) {
    if (size_ > mask_) [[unlikely]] {
      grow();
    }
    items_[wrap(first_ + size_++)] = item;
  }
  void push_front(const T& item) {
    if (size_ > mask_) grow();
    first_ = wrap(first_ - 1);
    items_[first_] = item;
    ++size_;
  }
  void pop_front(std::size_t count = 1) {
    first_ = wrap(first_ + count);
    size_ -= count;
  }

 private:
  std::size_t wrap(std::size_t index) const { return index & mask_; }

  void grow() {
    std::vector<T> larger(2 * items_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    items_.swap(larger);
    mask_ = items_.size() - 1;
    first_ = 0;
  }

  static constexpr std::size_t kSmallest = 16;

  std::vector<T> items_ = std::vector<T>(kSmallest);
  std::size_t mask_ = kSmallest - 1;  // one less than the capacity, which is a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RING_H_
