// For tests in which a thread has to do something after another one has begun to wait.
#ifndef DRYDOCK_TESTS_WAITING_THREADS_H_
#define DRYDOCK_TESTS_WAITING_THREADS_H_

#include <cstddef>
#include <thread>

#include "src/waits.h"

namespace drydock {

// Returns when `count` threads of the process wait for jobs, a connection or an event.
inline void until_threads_wait(std::size_t count) {
  while (internal::WaitScope::waiting() < count) std::this_thread::yield();
}

}  // namespace drydock

#endif  // DRYDOCK_TESTS_WAITING_THREADS_H_
