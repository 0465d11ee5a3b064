#include "src/local_postgres_options.h"

#include <linux/magic.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace drydock::internal {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<ServerAccount> account_named(const char* name) {
  std::vector<char> buffer(16 * 1024);
  struct passwd entry;
  struct passwd* found = nullptr;
  if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return ServerAccount{.name = name, .uid = found->pw_uid, .gid = found->pw_gid};
}

// In a user namespace only some accounts exist.
bool exists_here(uid_t account) {
  std::ifstream file("/proc/self/uid_map");
  uid_t first = 0;
  uid_t outside = 0;
  uid_t count = 0;
  while (file >> first >> outside >> count) {
    if (account >= first && account - first < count) return true;
  }
  return false;
}

absl::Status choose_account(LocalPostgresOptions& options) {
  if (::geteuid() != 0) return absl::OkStatus();
  for (const char* name : {"postgres", "nobody"}) {
    options.account = account_named(name);
    if (options.account && exists_here(options.account->uid)) return absl::OkStatus();
    if (options.account) {
      return absl::FailedPreconditionError(absl::StrCat(
          "PostgreSQL does not run as root, and here the user '", name,
          "' cannot be changed to: root is the only user of this namespace. In Bazel's sandbox, "
          "run "
          "the tests with\n    --strategy=TestRunner=local\nor as an ordinary user, or set "
          "DRYDOCK_DATABASE_URL to a server that is running already."));
    }
  }
  return absl::FailedPreconditionError(
      "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor a user "
      "'nobody' to run it as. Run the tests as an ordinary user, or make one:\n"
      "    useradd --system postgres");
}

absl::Status choose_idle_seconds(LocalPostgresOptions& options) {
  const std::string text = variable("DRYDOCK_IDLE_SECONDS");
  if (text.empty()) return absl::OkStatus();
  unsigned seconds = 0;
  if (!absl::SimpleAtoi(text, &seconds)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "DRYDOCK_IDLE_SECONDS=", text,
        " is no whole number. It says for how many seconds the local PostgreSQL server outlives "
        "its last user: 0, 60, 3600."));
  }
  options.idle_seconds = absl::StrCat(seconds);
  return absl::OkStatus();
}

// In bytes.
std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  std::uint64_t kilobytes = 0;
  while (file >> word) {
    if (word == "MemAvailable:" && file >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

// A cluster in memory is the same everywhere: some file systems (ext4 without a journal) take ten
// times as long to make a database's 300 files when as many have just been deleted. But only where
// there is room: containers often have 64 MB there.
std::string roomy_memory_folder() {
  constexpr char kFolder[] = "/dev/shm";
  constexpr std::uint64_t kRoom = std::uint64_t{2} << 30;
  struct statfs there;
  if (::statfs(kFolder, &there) != 0 || there.f_type != TMPFS_MAGIC) return "";
  const std::uint64_t free =
      static_cast<std::uint64_t>(there.f_bavail) * static_cast<std::uint64_t>(there.f_bsize);
  return free >= kRoom && available_memory() >= kRoom ? kFolder : "";
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// 0 for the first process of a namespace.
pid_t parent_of(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/status"));
  std::string word;
  pid_t parent = 0;
  while (file >> word) {
    if (word == "PPid:" && file >> parent) return parent;
  }
  return 0;
}

std::string octal(mode_t mode) { return absl::StrFormat("%04o", mode & 07777); }

absl::Status give_to_account(const std::string& folder, uid_t owner,
                             const LocalPostgresOptions& options) {
  if (owner == options.owner()) return absl::OkStatus();
  if (::lchown(folder.c_str(), options.account->uid, options.account->gid) == 0) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("Cannot give the folder ", folder, " to the user '", options.account->name,
                   "', who has to run PostgreSQL in root's place (", std::strerror(errno), ")."));
}

}  // namespace

absl::StatusOr<LocalPostgresOptions> LocalPostgresOptions::from_environment() {
  const std::string home = variable("DRYDOCK_HOME");
  // Not TMPDIR: it differs between shells, and the server is to be shared.
  absl::StatusOr<LocalPostgresOptions> options = in_folder(home.empty() ? "/tmp" : home);
  if (!options.ok()) return options;
  if (home.empty()) {
    options->memory_folder = roomy_memory_folder();
  } else {
    options->home_variable = "DRYDOCK_HOME";
  }
  return options;
}

absl::StatusOr<LocalPostgresOptions> LocalPostgresOptions::in_folder(const std::string& parent) {
  LocalPostgresOptions options;
  absl::StatusOr<PostgresBinaries> binaries =
      find_postgres_binaries(PostgresSearch::from_environment());
  if (!binaries.ok()) return binaries.status();
  options.binaries = *std::move(binaries);
  if (absl::Status status = choose_account(options); !status.ok()) return status;
  if (absl::Status status = choose_idle_seconds(options); !status.ok()) return status;
  if (parent.front() != '/') {
    return absl::InvalidArgumentError(absl::StrCat(
        "DRYDOCK_HOME=", parent, " is a relative path. Give the whole path, such as /tmp/x."));
  }
  options.home = absl::StrCat(parent, "/drydock-", ::geteuid());
  return options;
}

std::string LocalPostgresOptions::data_folder(const std::string& folder,
                                              const std::string& mark) const {
  if (memory_folder.empty()) return folder + "/data";
  return absl::StrCat(memory_folder, "/drydock-", ::geteuid(), "-", mark);
}

uid_t LocalPostgresOptions::owner() const { return account ? account->uid : ::geteuid(); }

absl::Status make_own_folder(const std::string& folder, const LocalPostgresOptions& options) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    const int error = errno;
    const std::string advice =
        options.home_variable.empty()
            ? "Set DRYDOCK_HOME to a folder in which this user may write."
            : absl::StrCat(options.home_variable,
                           " has to name a folder that exists and in which this user may write.");
    return absl::FailedPreconditionError(absl::StrCat("Cannot make the folder ", folder,
                                                      " for the local PostgreSQL server (",
                                                      std::strerror(error), "). ", advice));
  }
  struct stat there;
  if (::lstat(folder.c_str(), &there) != 0) {
    return absl::NotFoundError(absl::StrCat(folder, " was removed while it was looked at"));
  }
  const bool ours = there.st_uid == options.owner() || there.st_uid == ::geteuid();
  if (S_ISDIR(there.st_mode) && ours && (there.st_mode & 0077) == 0) {
    return give_to_account(folder, there.st_uid, options);
  }
  const std::string what =
      !S_ISDIR(there.st_mode) ? std::string(S_ISLNK(there.st_mode) ? "is a link" : "is no folder")
      : !ours                 ? absl::StrCat("belongs to the user with the id ", there.st_uid)
              : absl::StrCat("is open to other users (mode ", octal(there.st_mode), ", not 0700)");
  return absl::FailedPreconditionError(absl::StrCat(
      "The local PostgreSQL server trusts everyone who can enter its folder, and ", folder, " ",
      what, ". Remove it, or set DRYDOCK_HOME to another folder in which to make it."));
}

bool bazel_kills_what_we_start() {
  for (pid_t process = ::getpid(); process > 0; process = parent_of(process)) {
    const std::string name = first_line(absl::StrCat("/proc/", process, "/comm"));
    if (name == "process-wrapper" || name == "linux-sandbox") return true;
  }
  return false;
}

}  // namespace drydock::internal
