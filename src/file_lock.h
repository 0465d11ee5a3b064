// flock(2) on a file or a folder that others may remove while we wait for it.
//
// The lock belongs to the open file: it ends when the last process that has it open ends, however
// that process ends.
#ifndef DRYDOCK_SRC_FILE_LOCK_H_
#define DRYDOCK_SRC_FILE_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/unique_fd.h"

namespace drydock::internal {

enum class LockMode { kShared, kExclusive };

class FileLock {
 public:
  FileLock() = default;

  // Waits up to `timeout` (zero: asks once). NotFound: there is no such file, or it was replaced by
  // another one while we waited. DeadlineExceeded: others have it.
  static absl::StatusOr<FileLock> lock(const std::string& path, LockMode mode,
                                       absl::Duration timeout);

  bool held() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  void release() { fd_.reset(); }

  // Whether `path` is still the file that we have locked.
  bool is_at(const std::string& path) const;

 private:
  UniqueFd fd_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_FILE_LOCK_H_
