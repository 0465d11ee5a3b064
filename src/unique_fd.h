// Closes a file descriptor.
#ifndef DRYDOCK_SRC_UNIQUE_FD_H_
#define DRYDOCK_SRC_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace drydock::internal {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_UNIQUE_FD_H_
