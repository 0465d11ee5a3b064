// File systems that only the calling process and its children see, for tests of small disks.
#ifndef DRYDOCK_TESTS_PRIVATE_MOUNTS_H_
#define DRYDOCK_TESTS_PRIVATE_MOUNTS_H_

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace drydock::internal {

// For a process that has no threads yet. False where its user may not; an ordinary user needs user
// namespaces for it.
inline bool enter_private_mounts() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  if (user != 0) {
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << user << " " << user << " 1";
    std::ofstream("/proc/self/gid_map") << group << " " << group << " 1";
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// Puts an empty file system of this size ("64m") over `folder`.
inline bool mount_in_memory(const std::string& folder, const std::string& size) {
  return ::mount("drydock", folder.c_str(), "tmpfs", 0, ("mode=1777,size=" + size).c_str()) == 0;
}

}  // namespace drydock::internal

#endif  // DRYDOCK_TESTS_PRIVATE_MOUNTS_H_
