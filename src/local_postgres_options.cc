#include "src/local_postgres_options.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

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

absl::Status choose_account(LocalPostgresOptions& options) {
  if (::geteuid() != 0) return absl::OkStatus();
  for (const char* name : {"postgres", "nobody"}) {
    options.account = account_named(name);
    if (options.account) return absl::OkStatus();
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

std::string octal(mode_t mode) { return absl::StrFormat("%04o", mode & 07777); }

}  // namespace

absl::StatusOr<LocalPostgresOptions> LocalPostgresOptions::from_environment() {
  const std::string home = variable("DRYDOCK_HOME");
  // Not TMPDIR: it differs between shells, and the server is to be shared.
  absl::StatusOr<LocalPostgresOptions> options = in_folder(home.empty() ? "/tmp" : home);
  if (options.ok() && !home.empty()) options->home_variable = "DRYDOCK_HOME";
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

uid_t LocalPostgresOptions::owner() const { return account ? account->uid : ::geteuid(); }

absl::Status make_own_folder(const std::string& folder, const LocalPostgresOptions& options) {
  const bool made = ::mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) {
    const int error = errno;
    const std::string advice =
        options.home_variable.empty()
            ? "Set DRYDOCK_HOME to a folder in which this user may write."
            : absl::StrCat(options.home_variable,
                           " has to name a folder that exists and in which this user may write.");
    return absl::FailedPreconditionError(
        absl::StrCat("Cannot make the folder ", folder, " for the local PostgreSQL server (",
                     std::strerror(error), "). ", advice));
  }
  if (made && options.account &&
      ::lchown(folder.c_str(), options.account->uid, options.account->gid) != 0) {
    const int error = errno;
    ::rmdir(folder.c_str());
    return absl::FailedPreconditionError(
        absl::StrCat("Cannot give the folder ", folder, " to the user '", options.account->name,
                     "', who has to run PostgreSQL in root's place (", std::strerror(error),
                     "). In Bazel's sandbox root is not the real one: run the tests with\n"
                     "    --strategy=TestRunner=local"));
  }
  struct stat there;
  if (::lstat(folder.c_str(), &there) != 0) {
    return absl::NotFoundError(absl::StrCat(folder, " was removed while it was looked at"));
  }
  // A folder that root has just made, for the server's account, is another process's first step.
  const bool ours = there.st_uid == options.owner() || there.st_uid == ::geteuid();
  if (S_ISDIR(there.st_mode) && ours && (there.st_mode & 0077) == 0) return absl::OkStatus();
  const std::string what =
      !S_ISDIR(there.st_mode) ? std::string(S_ISLNK(there.st_mode) ? "is a link" : "is no folder")
      : !ours                 ? absl::StrCat("belongs to the user with the id ", there.st_uid)
                              : absl::StrCat("is open to other users (mode ", octal(there.st_mode),
                                             ", not 0700)");
  return absl::FailedPreconditionError(
      absl::StrCat("The local PostgreSQL server trusts everyone who can enter its folder, and ",
                   folder, " ", what,
                   ". Remove it, or set DRYDOCK_HOME to another folder in which to make it."));
}

bool in_process_namespace_of_bazel() {
  if (std::getenv("BAZEL_TEST") == nullptr && std::getenv("TEST_TMPDIR") == nullptr) return false;
  std::ifstream file("/proc/1/comm");
  std::string name;
  std::getline(file, name);
  return name == "linux-sandbox";
}

}  // namespace drydock::internal
