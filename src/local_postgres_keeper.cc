#include "src/local_postgres_keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace drydock::internal {
namespace {

// Descriptor 3: the conversation with the starter. 4: the start lock. 7: a lock that says that the
// cluster is in use. 9: the lock on in_use. Locks are shared by this shell and its children, and
// kept while any of them runs. The server gets none of them. It is killed when the keeper is
// (--pdeathsig): there is no server without a keeper.
constexpr char kScript[] = R"sh(
keep() {
  bin=$1 folder=$2 home=$3 data=$4 idle=$5 mark=$6
  shift 6
  umask 077
  trap '' PIPE
  cd "$folder" || exit 1
  exec 9<in_use
  printf '%s\n' "$mark" >keeper.new
  mv -f keeper.new keeper

  forget_old_server
  if [ "$data" != "$folder/data" ]; then remove_abandoned_clusters; fi
  rm -rf ready .s.PGSQL.* "$folder".old.* "$data"
  printf '%s\n' "$data" >where
  if copy_cluster; then
    run_server "$@"
  fi
  echo failed >&3
  # What waits for the end of use, or for a server that is gone.
  trap '' TERM
  kill -TERM 0
  exec 4<&-

  flock 9
  if [ "$(cat keeper)" = "$mark" ]; then
    forget_old_server
    cd "$home"
    mv "$folder" "$folder.old.$mark"
    rm -rf "$folder.old.$mark"
  fi
}

forget_old_server() {
  if [ -f where ]; then remove_cluster "$(cat where)"; fi
  rm -f where
}

# A server that was killed leaves a shared memory segment; one whose keeper was killed is ending.
remove_cluster() {
  if [ -f "$1/postmaster.pid" ]; then
    { read -r old; read -r _; read -r _; read -r _; read -r _; read -r _; read -r _ segment
    } <"$1/postmaster.pid"
    wait_for_end "$old" "$(readlink -f "$1")"
    if [ -n "$segment" ]; then ipcrm -m "$segment" 2>/dev/null; fi
  fi
  rm -rf "$1"
}

# Those in memory whose keeper was killed, and whose folder was removed by hand.
remove_abandoned_clusters() {
  for other in "${data%-*}"-*; do
    if [ -O "$other" ] && [ -n "$(find "$other" -maxdepth 0 -mmin +1)" ]; then
      (exec 7<"$other" && flock -n 7 && remove_cluster "$other")
    fi
  done
}

# Of the process $1, if it is the server that works in the folder $2.
wait_for_end() {
  rounds=0
  while [ "$(readlink "/proc/$1/cwd")" = "$2" ]; do
    rounds=$((rounds + 1))
    if [ "$rounds" -lt 100 ]; then kill -QUIT "$1"; else kill -KILL "$1"; fi
    sleep 0.05
  done
}

copy_cluster() {
  cluster=$home/initdb-$("$bin/postgres" --version | cut -d ' ' -f 3)
  exec 8<"$home"
  flock 8
  if [ ! -d "$cluster" ]; then
    echo initdb >&3
    rm -rf "$home"/initdb-*.new
    "$bin/initdb" -D "$cluster.new" -U postgres -A trust --no-sync --no-instructions \
      --encoding=UTF8 --lc-collate=C --lc-ctype=C.UTF-8 --wal-segsize=1 \
      3>&- 4<&- 8<&- 9<&- || return 1
    mv "$cluster.new" "$cluster" || return 1
  fi
  exec 8<&-
  mkdir -m 700 "$data" || return 1
  exec 7<"$data"
  flock -s 7
  cp -R "$cluster/." "$data"
}

run_server() {
  setpriv --pdeathsig QUIT "$bin/postgres" -D "$data" -k "$folder" "$@" \
    3>&- 4<&- 7<&- 9<&- &
  server=$!
  trap 'kill -QUIT "$server"' TERM INT HUP
  stop_when_unused &
  exec 4<&-
  while kill -0 "$server" 2>/dev/null; do wait "$server"; done
}

stop_when_unused() {
  trap - TERM INT HUP
  read -r answer <&3
  exec 3>&-
  if [ "$answer" = ready ]; then
    exec 4<&-
    while :; do
      flock 9
      if [ "$idle" = 0 ]; then break; fi
      : >idle_since
      flock -u 9
      sleep "$idle"
      if [ in_use -nt idle_since ]; then continue; fi
      if flock -n 9; then break; fi
    done
  fi
  # Again and again: until it has its handlers, the server ignores this signal. The end of the server
  # ends this loop (see keep).
  while ! is_zombie && kill -QUIT "$server"; do sleep 0.05; done
}

# In a container process 1 may not reap what it inherits: a server whose keeper was killed then stays
# in the list of processes for ever, and this loop would hold the lock that the next one waits for.
is_zombie() {
  { read -r id name state rest <"/proc/$server/stat"; } 2>/dev/null && [ "$state" = Z ]
}

keep "$@" &
)sh";

// The server's settings: nothing has to survive a crash, nothing happens in the background.
constexpr const char* kSettings[] = {
    "port=5432",
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "shared_buffers=64MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=64MB",
    "checkpoint_timeout=1d",
    "autovacuum=off",
    "jit=off",
    // In files below the data folder, which go with it even when the server is killed.
    "dynamic_shared_memory_type=mmap",
    // Sandboxes look at the text of some statements. The memory is for each of the connections (14
    // MB in all, 230 MB for the maximum of 1 MB); reading it takes no longer.
    "track_activity_query_size=64kB",
    "timezone=UTC",
    "log_timezone=UTC",
    // Tests make statements fail on purpose.
    "log_min_messages=log",
    "log_checkpoints=off",
};

std::vector<std::string> keeper_command(const LocalPostgresOptions& options,
                                        const std::string& folder, const std::string& mark,
                                        const std::string& idle_seconds) {
  std::vector<std::string> command;
  if (options.account) {
    command = {"setpriv", absl::StrCat("--reuid=", options.account->uid),
               absl::StrCat("--regid=", options.account->gid), "--clear-groups", "--"};
  }
  command.insert(command.end(),
                 {"/bin/sh", "-c", kScript, "drydock-keeper", options.binaries.folder, folder,
                  options.home, options.data_folder(folder, mark), idle_seconds, mark});
  for (const char* setting : kSettings) command.insert(command.end(), {"-c", setting});
  return command;
}

// The server must not depend on the environment of the test that happens to start it.
std::vector<std::string> keeper_environment() {
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
  if (const char* libraries = std::getenv("LD_LIBRARY_PATH")) {
    environment.push_back(absl::StrCat("LD_LIBRARY_PATH=", libraries));
  }
  return environment;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Out of the way of the numbers that the keeper's descriptors get.
UniqueFd high_copy(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 10)); }

// Runs the shell that starts the keeper in the background and ends.
int spawn_and_wait(std::vector<std::string> command, int conversation, int start_lock,
                   const std::string& log) {
  std::vector<std::string> environment = keeper_environment();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_adddup2(&actions, conversation, 3);
  posix_spawn_file_actions_adddup2(&actions, start_lock, 4);
  posix_spawn_file_actions_addclosefrom_np(&actions, 5);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const absl::Cleanup destroy = [&] {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  };

  pid_t child = 0;
  const int error = ::posix_spawnp(&child, command.front().c_str(), &actions, &attributes,
                                   pointers(command).data(), pointers(environment).data());
  if (error != 0) return error;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return 0;
}

}  // namespace

absl::StatusOr<UniqueFd> start_keeper(const LocalPostgresOptions& options,
                                      const std::string& folder, const std::string& mark,
                                      const std::string& idle_seconds, int start_lock) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a socket pair for the keeper");
  }
  UniqueFd ours(pair[0]);
  const UniqueFd theirs(pair[1]);
  const UniqueFd their_copy = high_copy(theirs.get());
  const UniqueFd lock_copy = high_copy(start_lock);
  const int error = spawn_and_wait(keeper_command(options, folder, mark, idle_seconds),
                                   their_copy.get(), lock_copy.get(), folder + "/log");
  if (error != 0) {
    return absl::ErrnoToStatus(
        error, absl::StrCat("cannot run ", options.account ? "setpriv" : "/bin/sh",
                            " to start the local PostgreSQL server (", std::strerror(error), ")"));
  }
  return ours;
}

}  // namespace drydock::internal
