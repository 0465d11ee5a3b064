#include "src/huge_pages.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace drydock::internal {
namespace {

// How many bytes are missing to the next border of huge pages.
std::size_t to_border(const void* place) {
  return -reinterpret_cast<std::uintptr_t>(place) % kHugePageSize;
}

}  // namespace

void advise_huge_pages(void* begin, std::size_t bytes) {
  const std::size_t head = to_border(begin);
  if (bytes < head + kHugePageSize) return;
  const std::size_t whole = (bytes - head) / kHugePageSize * kHugePageSize;
  madvise(static_cast<std::byte*>(begin) + head, whole, MADV_HUGEPAGE);
}

HugePage::HugePage() {
  // Twice as much has a whole one in it; the rest goes back.
  void* const twice =
      mmap(nullptr, 2 * kHugePageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (twice == MAP_FAILED) throw std::bad_alloc();
  const std::size_t head = to_border(twice);
  begin_ = static_cast<std::byte*>(twice) + head;
  if (head != 0) munmap(twice, head);
  munmap(begin_ + kHugePageSize, kHugePageSize - head);
  advise_huge_pages(begin_, kHugePageSize);
}

HugePage::~HugePage() {
  if (begin_ != nullptr) munmap(begin_, kHugePageSize);
}

}  // namespace drydock::internal
