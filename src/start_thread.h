// Threads of drydock's own, and what is said where the system has none left: the exception is the
// `std::system_error` of `std::thread`, with the thread that is missing and the way out in words.
//
//   thread_ = start_thread("the timer of executor 'pool'", [this] { run_timers(); });
#ifndef DRYDOCK_SRC_START_THREAD_H_
#define DRYDOCK_SRC_START_THREAD_H_

#include <functional>
#include <string>
#include <thread>

namespace drydock::internal {

std::thread start_thread(const std::string& what, std::function<void()> run);

// The same, for a thread in the background: signals go to the application's threads.
std::thread start_thread_without_signals(const std::string& what, std::function<void()> run);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_START_THREAD_H_
