// Whether the process has one thread only, and needs no atomic operations. As libstdc++ counts its
// shared pointers: an uncontended atomic operation costs as much as the rest of a small function.
// For drydock's own use.
#ifndef DRYDOCK_SINGLE_THREADED_H_
#define DRYDOCK_SINGLE_THREADED_H_

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define DRYDOCK_HAS_SINGLE_THREADED 1
#endif

namespace drydock::internal {

// True: only the caller can change that, by starting a thread. False: there may be others.
inline bool single_threaded() noexcept {
#ifdef DRYDOCK_HAS_SINGLE_THREADED
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SINGLE_THREADED_H_
