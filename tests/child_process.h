// A copy of this process (fork) that runs a function and tells the test one line about it.
#ifndef DRYDOCK_TESTS_CHILD_PROCESS_H_
#define DRYDOCK_TESTS_CHILD_PROCESS_H_

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "src/unique_fd.h"

namespace drydock::internal {

class ChildProcess {
 public:
  // `body` gets a function that sends the line. A child that returns from `body` stays, with all
  // that it holds in its static variables, until it is told to end.
  using Tell = std::function<void(const std::string&)>;
  explicit ChildProcess(const std::function<void(const Tell&)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    line_.reset(ends[0]);
    UniqueFd sender(ends[1]);
    process_ = ::fork();
    if (process_ != 0) return;
    const int fd = sender.get();
    body([fd](const std::string& line) {
      const std::string text = line + "\n";
      if (::write(fd, text.data(), text.size()) < 0) ::_exit(2);
    });
    ::_exit(0);
  }
  ChildProcess(ChildProcess&&) = delete;
  ~ChildProcess() { end_with(SIGKILL); }

  // Waits for the line; empty when the child ended without one.
  std::string line() const {
    std::string text;
    char c;
    while (::read(line_.get(), &c, 1) == 1 && c != '\n') text += c;
    return text;
  }

  void end_with(int signal) {
    if (process_ <= 0) return;
    ::kill(process_, signal);
    wait();
  }

  // The child's exit status.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(process_, 0), &status, 0);
    return status;
  }

 private:
  UniqueFd line_;
  pid_t process_ = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_TESTS_CHILD_PROCESS_H_
