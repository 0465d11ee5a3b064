#include "src/huge_pages.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define DRYDOCK_CHECKS_LEAKS 1
#endif
#endif
#if defined(DRYDOCK_CHECKS_LEAKS) || defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace drydock::internal {
namespace {

// How many bytes are missing to the next border of huge pages.
std::size_t to_border(const void* place) {
  return -reinterpret_cast<std::uintptr_t>(place) % kHugePageSize;
}

// LeakSanitizer looks for pointers in the heap, but not in what a program maps by itself.
#if defined(DRYDOCK_CHECKS_LEAKS) || defined(__SANITIZE_ADDRESS__)
void show_to_leak_check(const void* begin) { __lsan_register_root_region(begin, kHugePageSize); }
void hide_from_leak_check(const void* begin) {
  __lsan_unregister_root_region(begin, kHugePageSize);
}
#else
void show_to_leak_check(const void*) {}
void hide_from_leak_check(const void*) {}
#endif

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
  show_to_leak_check(begin_);
}

HugePage::~HugePage() {
  if (begin_ == nullptr) return;
  hide_from_leak_check(begin_);
  munmap(begin_, kHugePageSize);
}

}  // namespace drydock::internal
