// Huge pages, for what a simulation holds very many of: a page fault costs about two microseconds
// on a virtual machine, which with ordinary pages is most of what a new million of jobs would cost.
#ifndef DRYDOCK_SRC_HUGE_PAGES_H_
#define DRYDOCK_SRC_HUGE_PAGES_H_

#include <cstddef>
#include <utility>

namespace drydock::internal {

inline constexpr std::size_t kHugePageSize = std::size_t{2} << 20U;  // in bytes

// Asks the system to back the whole huge pages among these bytes as such when they are first
// written. No effect where it has none to give (/sys/kernel/mm/transparent_hugepage/enabled).
void advise_huge_pages(void* begin, std::size_t bytes);

// Memory in one huge page, as far as the system gives one.
class HugePage {
 public:
  // Throws std::bad_alloc.
  HugePage();
  HugePage(HugePage&& other) noexcept : begin_(std::exchange(other.begin_, nullptr)) {}
  HugePage& operator=(HugePage&&) = delete;
  ~HugePage();

  std::byte* begin() const { return begin_; }

 private:
  std::byte* begin_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_HUGE_PAGES_H_
