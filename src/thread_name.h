// The names of threads, as the kernel and debuggers show them: 15 characters at most.
#ifndef DRYDOCK_SRC_THREAD_NAME_H_
#define DRYDOCK_SRC_THREAD_NAME_H_

#include <pthread.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace drydock::internal {

// Keeps all of `suffix`, which is what tells the threads of one executor apart.
inline void name_this_thread(const std::string& executor, const std::string& suffix) {
  constexpr std::size_t kLongest = 15;
  const std::size_t room = kLongest - std::min(kLongest, suffix.size());
  pthread_setname_np(pthread_self(), (executor.substr(0, room) + suffix).c_str());
}

inline std::string name_of(pthread_t thread) {
  char name[16] = "";
  pthread_getname_np(thread, name, sizeof name);
  return name;
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_THREAD_NAME_H_
