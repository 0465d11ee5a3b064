#include "src/local_postgres_server.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "src/local_postgres_keeper.h"
#include "src/postgres_uri.h"

namespace drydock::internal {
namespace {

namespace fs = std::filesystem;

constexpr char kSocketName[] = "/.s.PGSQL.5432";
constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr char kPrivatePrefix[] = "p-";

constexpr absl::Duration kStartDeadline = absl::Seconds(60);
constexpr absl::Duration kStopDeadline = absl::Seconds(30);
// A private folder this young may be another process's that has not taken its lock yet.
constexpr absl::Duration kYoung = absl::Minutes(1);

// That somebody listens is not enough: for a moment, children of a server that was killed do. But
// one that has no connection left to give takes connections all the same.
bool takes_connections(const std::string& connection_string) {
  return ::PQping(connection_string.c_str()) == PQPING_OK;
}

std::string uri_of(const std::string& folder) {
  return postgres_uri({{"user", "postgres"}, {"host", folder}, {"port", "5432"}}, "postgres");
}

std::string random_mark() {
  std::ifstream file("/proc/sys/kernel/random/uuid");
  std::string mark;
  std::getline(file, mark);
  // The rest would only make paths long.
  return mark.substr(0, 8);
}

// Makes `path` if it is not there, owned by the server's account; also where a process has made it
// that was killed before it could give it away.
absl::Status make_lock_file(const std::string& path, const LocalPostgresOptions& options) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
  }
  struct stat made;
  const bool ours =
      ::fstat(file.get(), &made) == 0 && made.st_uid == ::geteuid() && made.st_nlink == 1;
  if (!options.account || !ours) return absl::OkStatus();
  if (::fchown(file.get(), options.account->uid, options.account->gid) != 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("cannot give ", path, " to the user ", options.account->name));
  }
  return absl::OkStatus();
}

std::string last_lines(const std::string& path, std::size_t wanted) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  return text.size() <= wanted ? text : absl::StrCat("...", text.substr(text.size() - wanted));
}

// Reads what the keeper has said into `heard`; false at its end.
bool listen_to(const UniqueFd& conversation, absl::Duration at_most, std::string& heard) {
  pollfd waiting = {.fd = conversation.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(at_most))) <= 0) return true;
  char buffer[256];
  const ssize_t count = ::read(conversation.get(), buffer, sizeof(buffer));
  if (count > 0) heard.append(buffer, static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

// The segment of a server that was killed; its number ends the seventh line.
void free_shared_memory(const std::string& pid_file) {
  std::ifstream file(pid_file);
  std::string line;
  for (int i = 0; i < 7; ++i) std::getline(file, line);
  int segment = 0;
  const std::size_t space = line.find_last_of(' ');
  shmid_ds state;
  if (space != std::string::npos && absl::SimpleAtoi(line.substr(space + 1), &segment) &&
      ::shmctl(segment, IPC_STAT, &state) == 0 && state.shm_nattch == 0) {
    ::shmctl(segment, IPC_RMID, nullptr);
  }
}

// Folders of private servers whose processes were killed, together with all else in their
// namespace.
void remove_abandoned_private_folders(const std::string& home) {
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(home, failed)) {
    const std::string path = entry.path().string();
    struct stat there;
    if (!absl::StartsWith(entry.path().filename().string(), kPrivatePrefix)) continue;
    if (::lstat(path.c_str(), &there) != 0) continue;
    if (absl::Now() - absl::TimeFromTimespec(there.st_mtim) < kYoung) continue;
    const absl::StatusOr<FileLock> unused =
        FileLock::lock(path + "/in_use", LockMode::kExclusive, absl::ZeroDuration());
    if (!unused.ok() && !absl::IsNotFound(unused.status())) continue;
    std::string data;
    std::getline(std::ifstream(path + "/where") >> std::ws, data);
    if (!data.empty()) {
      free_shared_memory(data + "/postmaster.pid");
      fs::remove_all(data, failed);
    }
    fs::remove_all(path, failed);
  }
}

}  // namespace

LocalPostgresServer::LocalPostgresServer(LocalPostgresOptions options, std::string folder,
                                         bool is_private)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      connection_string_(uri_of(folder_)),
      is_private_(is_private),
      owner_process_(::getpid()) {}

LocalPostgresServer::~LocalPostgresServer() {
  // A child made by fork() shares the lock with its parent and must not end it.
  if (!is_private_ || ::getpid() != owner_process_) return;
  in_use_.release();
  std::string ignored;
  const absl::Time deadline = absl::Now() + kStopDeadline;
  while (conversation_.valid() && absl::Now() < deadline &&
         listen_to(conversation_, deadline - absl::Now(), ignored)) {
  }
}

absl::StatusOr<std::unique_ptr<LocalPostgresServer>> LocalPostgresServer::join(
    LocalPostgresOptions options) {
  if (!bazel_kills_what_we_start()) return join_shared(std::move(options));
  std::unique_ptr<LocalPostgresServer> shared(
      new LocalPostgresServer(options, options.shared_folder(), false));
  if (shared->join_running()) return shared;
  return start_private(std::move(options));
}

absl::StatusOr<std::unique_ptr<LocalPostgresServer>> LocalPostgresServer::join_shared(
    LocalPostgresOptions options) {
  const std::string folder = options.shared_folder();
  std::unique_ptr<LocalPostgresServer> server(
      new LocalPostgresServer(std::move(options), folder, false));
  if (absl::Status status = server->ensure_running(); !status.ok()) return status;
  return server;
}

absl::StatusOr<std::unique_ptr<LocalPostgresServer>> LocalPostgresServer::start_private(
    LocalPostgresOptions options) {
  if (absl::Status status = make_own_folder(options.home, options); !status.ok()) return status;
  remove_abandoned_private_folders(options.home);
  // Eight digits are enough: the folder of another process is refused, not shared.
  const std::string folder = absl::StrCat(options.home, "/", kPrivatePrefix, random_mark());
  std::unique_ptr<LocalPostgresServer> server(
      new LocalPostgresServer(std::move(options), folder, true));
  if (absl::Status status = server->ensure_running(); !status.ok()) return status;
  return server;
}

bool LocalPostgresServer::is_running() const {
  return ::access((folder_ + "/ready").c_str(), F_OK) == 0 && takes_connections(connection_string_);
}

bool LocalPostgresServer::join_running() {
  absl::StatusOr<FileLock> lock =
      FileLock::lock(folder_ + "/in_use", LockMode::kShared, absl::ZeroDuration());
  if (!lock.ok() || !is_running()) return false;
  take_lock(*std::move(lock));
  return true;
}

void LocalPostgresServer::take_lock(FileLock lock) {
  in_use_ = std::move(lock);
  // The keeper sees by this that somebody was here.
  ::futimens(in_use_.fd(), nullptr);
}

absl::Status LocalPostgresServer::ensure_running() {
  if (const std::size_t length = folder_.size() + std::strlen(kSocketName);
      length > kLongestSocketPath) {
    return absl::InvalidArgumentError(
        absl::StrCat("DRYDOCK_HOME is too long: the server's socket would be ", folder_,
                     kSocketName, " with ", length, " characters, and the system takes ",
                     kLongestSocketPath, ". Choose a shorter folder, such as /tmp/x."));
  }
  if (absl::Status status = use_folder(); !status.ok()) return status;
  if (is_running()) return absl::OkStatus();
  return start();
}

// Takes our share of the lock. While we hold it nobody stops the server or removes its folder.
absl::Status LocalPostgresServer::use_folder() {
  const std::string file = folder_ + "/in_use";
  if (in_use_.held() && in_use_.is_at(file)) return absl::OkStatus();
  const absl::Time deadline = absl::Now() + kStopDeadline;
  absl::Status status;
  do {
    status = make_own_folder(options_.home, options_);
    if (status.ok()) status = make_own_folder(folder_, options_);
    if (status.ok()) status = make_lock_file(file, options_);
    if (status.ok()) {
      absl::StatusOr<FileLock> lock =
          FileLock::lock(file, LockMode::kShared, deadline - absl::Now());
      if (lock.ok()) {
        take_lock(*std::move(lock));
        return absl::OkStatus();
      }
      status = lock.status();
    }
    // NotFound: a keeper has just stopped the server and removed the folder.
  } while (absl::IsNotFound(status) && absl::Now() < deadline);
  if (!absl::IsDeadlineExceeded(status)) return status;
  return absl::UnavailableError(absl::StrCat("The local PostgreSQL server in ", folder_,
                                             " is being stopped, and that does "
                                             "not end: ",
                                             status.message(), ". See ", folder_, "/log."));
}

absl::Status LocalPostgresServer::start() {
  const absl::StatusOr<FileLock> start_lock =
      FileLock::lock(folder_, LockMode::kExclusive, kStartDeadline);
  if (!start_lock.ok()) {
    return absl::UnavailableError(
        absl::StrCat("Another process is starting the local PostgreSQL server in ", folder_,
                     ", and that does "
                     "not end: ",
                     start_lock.status().message(), ". See ", folder_, "/log."));
  }
  if (is_running()) return absl::OkStatus();
  ::unlink((folder_ + "/ready").c_str());
  absl::StatusOr<UniqueFd> conversation =
      start_keeper(options_, folder_, random_mark(), is_private_ ? "0" : options_.idle_seconds,
                   start_lock->fd());
  if (!conversation.ok()) return conversation.status();
  return wait_until_ready(*std::move(conversation));
}

absl::Status LocalPostgresServer::wait_until_ready(UniqueFd conversation) {
  constexpr absl::Duration kAskEvery = absl::Milliseconds(2);
  const absl::Time deadline = absl::Now() + kStartDeadline;
  std::string heard;
  bool said_so = false;
  while (listen_to(conversation, kAskEvery, heard) && !absl::StrContains(heard, kKeeperFailed)) {
    if (!said_so && absl::StrContains(heard, kKeeperMakesCluster)) {
      std::fprintf(stderr, "drydock: setting up PostgreSQL for tests in %s (once)\n",
                   options_.home.c_str());
      said_so = true;
    }
    if (takes_connections(connection_string_)) {
      const UniqueFd ready(
          ::open((folder_ + "/ready").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (::send(conversation.get(), kServerIsReady, std::strlen(kServerIsReady), MSG_NOSIGNAL) <
          0) {
        break;
      }
      if (is_private_) conversation_ = std::move(conversation);
      return absl::OkStatus();
    }
    if (absl::Now() >= deadline) {
      return absl::UnavailableError(failure_text(
          absl::StrCat("does not take connections after ", absl::FormatDuration(kStartDeadline))));
    }
  }
  return absl::UnavailableError(failure_text("does not start"));
}

std::string LocalPostgresServer::failure_text(const std::string& what) const {
  std::string text =
      absl::StrCat("The local PostgreSQL server ", what,
                   ".\n  programs: ", options_.binaries.folder, "\n  folder:   ", folder_, "\n");
  if (options_.account) absl::StrAppend(&text, "  runs as:  ", options_.account->name, "\n");
  const std::string log = last_lines(folder_ + "/log", 2000);
  absl::StrAppend(&text, "  its log ends with:\n    ",
                  absl::StrReplaceAll(log, {{"\n", "\n    "}}));
  return text;
}

}  // namespace drydock::internal
