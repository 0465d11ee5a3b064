#include "src/start_thread.h"

#include <pthread.h>
#include <signal.h>

#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace drydock::internal {
namespace {

// Of the calling thread, and of those that it starts.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

std::thread start_thread(const std::string& what, std::function<void()> run) {
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error& error) {
    throw std::system_error(
        error.code(), "drydock: cannot start the thread for " + what +
                          ". Give the executors fewer threads, or the user a higher limit of them "
                          "(ulimit -u). The system says");
  }
}

std::thread start_thread_without_signals(const std::string& what, std::function<void()> run) {
  const SignalsBlocked blocked;
  return start_thread(what, std::move(run));
}

}  // namespace drydock::internal
