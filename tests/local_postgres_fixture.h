// What the tests of `LocalPostgres` share: servers in a folder of the test program's own, and ways
// to look at their processes.
#ifndef DRYDOCK_TESTS_LOCAL_POSTGRES_FIXTURE_H_
#define DRYDOCK_TESTS_LOCAL_POSTGRES_FIXTURE_H_

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "src/admin_connection.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "src/unique_fd.h"
#include "tests/temporary_folder.h"

namespace drydock::internal {

namespace fs = std::filesystem;

using ServerPtr = std::unique_ptr<LocalPostgresServer>;

// What identifies one run of a server.
struct ServerProcess {
  pid_t postmaster = 0;
  pid_t keeper = 0;
  int memory_segment = -1;
};

inline pid_t parent_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  std::string word;
  while (file >> word) {
    pid_t parent = 0;
    if (word == "PPid:" && file >> parent) return parent;
  }
  return 0;
}

inline ServerProcess process_of(const std::string& folder) {
  std::string data;
  std::getline(std::ifstream(folder + "/where") >> std::ws, data);
  std::ifstream file(data + "/postmaster.pid");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ServerProcess result;
  result.postmaster = std::stoi(lines.at(0));
  result.keeper = parent_of(result.postmaster);
  std::istringstream(lines.at(6)) >> result.memory_segment >> result.memory_segment;
  return result;
}

// A handle by which the end of a process that is no child of ours can be waited for.
inline UniqueFd handle_of(pid_t process) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

inline bool ends_in_time(const UniqueFd& handle) {
  pollfd waiting = {.fd = handle.get(), .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 30'000) == 1;
}

inline bool memory_is_gone(const ServerProcess& process) {
  shmid_ds ignored;
  return ::shmctl(process.memory_segment, IPC_STAT, &ignored) != 0;
}

inline std::string ask(const LocalPostgresServer& server, const std::string& sql) {
  absl::StatusOr<AdminConnection> connection =
      AdminConnection::open(server.connection_string(), "");
  if (!connection.ok()) return std::string(connection.status().message());
  const auto rows = connection->query(sql);
  return rows.ok() ? rows->at(0).at(0) : std::string(rows.status().message());
}

inline std::string start_time(const LocalPostgresServer& server) {
  return ask(server, "SELECT pg_postmaster_start_time()");
}

inline std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

// The servers are in a folder of this program's own; other tests do not notice them. Each test
// leaves it with nothing but the copy of initdb.
class LocalPostgresFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_home_ = new TemporaryFolder();
    const ScopedVariable home("DRYDOCK_HOME", nullptr);
    const absl::StatusOr<LocalPostgresOptions> usual = LocalPostgresOptions::from_environment();
    if (!usual.ok() || usual->memory_folder.empty()) return;
    memory_ = new TemporaryFolder(usual->memory_folder);
    ::chmod(memory_->path().c_str(), 01777);
  }
  static void TearDownTestSuite() {
    delete std::exchange(shared_home_, nullptr);
    delete std::exchange(memory_, nullptr);
  }

  void TearDown() override {
    servers_.clear();
    for (const UniqueFd& keeper : keepers_) EXPECT_TRUE(ends_in_time(keeper));
  }

  // In memory, where there is room: these tests make and remove many clusters.
  static LocalPostgresOptions options() {
    LocalPostgresOptions chosen = options(*shared_home_);
    if (memory_ != nullptr) chosen.memory_folder = memory_->path();
    return chosen;
  }

  static LocalPostgresOptions options(const TemporaryFolder& folder) {
    absl::StatusOr<LocalPostgresOptions> options = LocalPostgresOptions::in_folder(folder.path());
    if (!options.ok()) throw std::runtime_error(options.status().ToString());
    options->idle_seconds = "0";
    return *std::move(options);
  }

  LocalPostgresServer& join() { return join(options()); }

  LocalPostgresServer& join(const LocalPostgresOptions& options) {
    absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(options);
    if (!server.ok()) throw std::runtime_error(server.status().ToString());
    keepers_.push_back(handle_of(process_of((*server)->folder()).keeper));
    servers_.push_back(*std::move(server));
    return *servers_.back();
  }

  static std::string home() { return options().home; }

  static inline TemporaryFolder* shared_home_ = nullptr;
  static inline TemporaryFolder* memory_ = nullptr;
  std::vector<UniqueFd> keepers_;
  std::vector<ServerPtr> servers_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_TESTS_LOCAL_POSTGRES_FIXTURE_H_
