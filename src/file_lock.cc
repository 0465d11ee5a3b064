#include "src/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace drydock::internal {
namespace {

// flock(2) has no deadline; who waits does so for a server to start or stop.
constexpr absl::Duration kRetryEvery = absl::Milliseconds(5);

bool try_lock(int fd, LockMode mode) {
  const int operation = (mode == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  int result;
  do {
    result = ::flock(fd, operation);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace

absl::StatusOr<FileLock> FileLock::lock(const std::string& path, LockMode mode,
                                        absl::Duration timeout) {
  FileLock lock;
  lock.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.held()) {
    const std::string reason = absl::StrCat("cannot open ", path, " to lock it");
    if (errno == ENOENT) return absl::NotFoundError(reason);
    return absl::ErrnoToStatus(errno, reason);
  }
  const absl::Time deadline = absl::Now() + timeout;
  while (!try_lock(lock.fd(), mode)) {
    if (!lock.is_at(path)) return absl::NotFoundError(absl::StrCat(path, " was removed"));
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("another process holds the lock on ", path,
                       timeout > absl::ZeroDuration()
                           ? absl::StrCat(" for ", absl::FormatDuration(timeout), " now")
                           : ""));
    }
    absl::SleepFor(kRetryEvery);
  }
  if (!lock.is_at(path)) return absl::NotFoundError(absl::StrCat(path, " was removed"));
  return lock;
}

bool FileLock::is_at(const std::string& path) const {
  struct stat ours;
  struct stat there;
  return ::fstat(fd(), &ours) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace drydock::internal
