// For tests of what happens where the system cannot start another thread.
#ifndef DRYDOCK_TESTS_NO_MORE_THREADS_H_
#define DRYDOCK_TESTS_NO_MORE_THREADS_H_

#include <pthread.h>

#include <cstddef>

namespace drydock {

// While it lives threads are to get a stack for which no machine has the memory.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    ::pthread_attr_init(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 46U);
    ::pthread_setattr_default_np(&huge);
    ::pthread_attr_destroy(&huge);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;
  ~NoMoreThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_NO_MORE_THREADS_H_
