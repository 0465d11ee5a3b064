#include "drydock/local_postgres.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "src/admin_connection.h"
#include "src/file_lock.h"
#include "src/local_postgres_keeper.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "tests/child_process.h"
#include "tests/temporary_folder.h"

namespace drydock::internal {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using ServerPtr = std::unique_ptr<LocalPostgresServer>;

// What identifies one run of a server.
struct ServerProcess {
  pid_t postmaster = 0;
  pid_t keeper = 0;
  int memory_segment = -1;
};

pid_t parent_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  std::string word;
  while (file >> word) {
    pid_t parent = 0;
    if (word == "PPid:" && file >> parent) return parent;
  }
  return 0;
}

ServerProcess process_of(const std::string& folder) {
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
UniqueFd handle_of(pid_t process) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

bool ends_in_time(const UniqueFd& handle) {
  pollfd waiting = {.fd = handle.get(), .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 30'000) == 1;
}

bool memory_is_gone(const ServerProcess& process) {
  shmid_ds ignored;
  return ::shmctl(process.memory_segment, IPC_STAT, &ignored) != 0;
}

std::string ask(const LocalPostgresServer& server, const std::string& sql) {
  absl::StatusOr<AdminConnection> connection =
      AdminConnection::open(server.connection_string(), "");
  if (!connection.ok()) return std::string(connection.status().message());
  const auto rows = connection->query(sql);
  return rows.ok() ? rows->at(0).at(0) : std::string(rows.status().message());
}

std::string start_time(const LocalPostgresServer& server) {
  return ask(server, "SELECT pg_postmaster_start_time()");
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

// The servers are in a folder of this program's own; other tests do not notice them. Each test
// leaves it with nothing but the copy of initdb.
class LocalPostgresTest : public ::testing::Test {
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

  static TemporaryFolder* shared_home_;
  static TemporaryFolder* memory_;
  std::vector<UniqueFd> keepers_;
  std::vector<ServerPtr> servers_;
};

TemporaryFolder* LocalPostgresTest::shared_home_ = nullptr;
TemporaryFolder* LocalPostgresTest::memory_ = nullptr;

TEST_F(LocalPostgresTest, StartsAServerThatIsQuickAndClosedToOthers) {
  const LocalPostgresServer& server = join();
  EXPECT_EQ(ask(server, "SHOW fsync"), "off");
  EXPECT_EQ(ask(server, "SHOW listen_addresses"), "");
  EXPECT_EQ(ask(server, "SHOW server_encoding"), "UTF8");
  EXPECT_EQ(ask(server, "SHOW TimeZone"), "UTC");
  EXPECT_EQ(ask(server, "SELECT lower('\xC3\x84')"), "\xC3\xA4");
  struct stat folder;
  ASSERT_EQ(::stat(server.folder().c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777, 0700u);
}

TEST_F(LocalPostgresTest, TheServerNeverRunsAsRoot) {
  const ServerProcess process = process_of(join().folder());
  struct stat there;
  ASSERT_EQ(::stat(("/proc/" + std::to_string(process.postmaster)).c_str(), &there), 0);
  EXPECT_NE(there.st_uid, 0u);
  ASSERT_EQ(::stat(("/proc/" + std::to_string(process.keeper)).c_str(), &there), 0);
  EXPECT_NE(there.st_uid, 0u);
}

TEST_F(LocalPostgresTest, ASecondUserJoinsTheServer) {
  const LocalPostgresServer& first = join();
  const LocalPostgresServer& second = join();
  EXPECT_EQ(start_time(first), start_time(second));
  EXPECT_EQ(first.connection_string(), second.connection_string());
}

TEST_F(LocalPostgresTest, LeavesOnlyTheCopyOfInitdbWhenItsLastUserHasGone) {
  const ServerProcess process = process_of(join().folder());
  join();
  const UniqueFd keeper = handle_of(process.keeper);
  servers_.clear();
  ASSERT_TRUE(ends_in_time(keeper));
  EXPECT_THAT(names_in(home()), ElementsAre(StartsWith("initdb-")));
  if (memory_ != nullptr) {
    EXPECT_THAT(names_in(memory_->path()), ElementsAre());
  }
  EXPECT_TRUE(memory_is_gone(process));
  EXPECT_NE(::kill(process.postmaster, 0), 0);
}

TEST_F(LocalPostgresTest, AUserWhoComesWhileItStopsGetsOne) {
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(ask(join(), "SELECT 1"), "1");
    servers_.clear();
  }
}

TEST_F(LocalPostgresTest, TheNextUserOfAKilledServerGetsANewOne) {
  const LocalPostgresServer& first = join();
  const ServerProcess killed = process_of(first.folder());
  const UniqueFd postmaster = handle_of(killed.postmaster);
  ::kill(killed.postmaster, SIGKILL);
  ASSERT_TRUE(ends_in_time(postmaster));
  const LocalPostgresServer& second = join();
  EXPECT_EQ(ask(second, "SELECT 1"), "1");
  EXPECT_EQ(second.connection_string(), first.connection_string());
  EXPECT_TRUE(memory_is_gone(killed));
}

TEST_F(LocalPostgresTest, AUserOfAKilledServerStartsItAgain) {
  LocalPostgresServer& server = join();
  const ServerProcess killed = process_of(server.folder());
  const UniqueFd postmaster = handle_of(killed.postmaster);
  ::kill(killed.postmaster, SIGKILL);
  ASSERT_TRUE(ends_in_time(postmaster));
  ASSERT_TRUE(server.ensure_running().ok());
  keepers_.push_back(handle_of(process_of(server.folder()).keeper));
  EXPECT_EQ(ask(server, "SELECT 1"), "1");
}

TEST_F(LocalPostgresTest, AServerDoesNotOutliveItsKeeper) {
  const ServerProcess process = process_of(join().folder());
  const UniqueFd postmaster = handle_of(process.postmaster);
  ::kill(process.keeper, SIGKILL);
  ASSERT_TRUE(ends_in_time(postmaster));
  EXPECT_EQ(ask(join(), "SELECT 1"), "1");
}

TEST_F(LocalPostgresTest, CleansUpAfterAStarterThatDiedInTheMiddle) {
  const TemporaryFolder own;
  const LocalPostgresOptions chosen = options(own);
  const std::string folder = chosen.shared_folder();
  ASSERT_TRUE(make_own_folder(chosen.home, chosen).ok());
  ASSERT_TRUE(make_own_folder(folder, chosen).ok());
  {
    std::ofstream in_use(folder + "/in_use");
    const absl::StatusOr<FileLock> lock =
        FileLock::lock(folder, LockMode::kExclusive, absl::ZeroDuration());
    ASSERT_TRUE(lock.ok());
    const absl::StatusOr<UniqueFd> conversation =
        start_keeper(chosen, folder, "mark", "0", lock->fd());
    ASSERT_TRUE(conversation.ok());
    char first_letter = 0;
    ASSERT_EQ(::read(conversation->get(), &first_letter, 1), 1);
    ASSERT_EQ(first_letter, kKeeperMakesCluster[0]);
    // The starter's end: its descriptors are closed while initdb runs.
  }
  EXPECT_EQ(ask(join(chosen), "SELECT 1"), "1");
  TearDown();
}

TEST_F(LocalPostgresTest, ProcessesThatStartAtTheSameTimeShareOneServer) {
  std::vector<std::unique_ptr<ChildProcess>> children;
  children.reserve(4);
  for (int i = 0; i < 4; ++i) {
    children.push_back(std::make_unique<ChildProcess>([this](const ChildProcess::Tell& tell) {
      const std::string time = start_time(join());
      tell(time);
      ::pause();
    }));
  }
  std::vector<std::string> times;
  times.reserve(children.size());
  for (const auto& child : children) times.push_back(child->line());
  EXPECT_THAT(times, Each(start_time(join())));
  children.clear();
}

TEST_F(LocalPostgresTest, APrivateServerIsGoneWithItsObject) {
  absl::StatusOr<ServerPtr> first = LocalPostgresServer::start_private(options());
  absl::StatusOr<ServerPtr> second = LocalPostgresServer::start_private(options());
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(start_time(**first), start_time(**second));
  const ServerProcess process = process_of((*first)->folder());
  *first = nullptr;
  EXPECT_NE(::kill(process.postmaster, 0), 0);
  *second = nullptr;
  EXPECT_THAT(names_in(home()), ElementsAre(StartsWith("initdb-")));
}

TEST_F(LocalPostgresTest, AClusterInMemoryIsGoneWithItsServer) {
  const TemporaryFolder memory;
  ::chmod(memory.path().c_str(), 01777);
  LocalPostgresOptions chosen = options();
  chosen.memory_folder = memory.path();
  absl::StatusOr<ServerPtr> server = LocalPostgresServer::start_private(chosen);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(ask(**server, "SHOW data_directory"), StartsWith(memory.path("drydock-")));
  EXPECT_EQ(names_in(memory.path()).size(), 1u);
  *server = nullptr;
  EXPECT_THAT(names_in(memory.path()), ElementsAre());
}

TEST_F(LocalPostgresTest, RemovesClustersInMemoryThatNobodyUses) {
  if (memory_ == nullptr) GTEST_SKIP() << "no room in /dev/shm";
  const TemporaryFolder elsewhere;
  LocalPostgresOptions chosen = options(elsewhere);
  chosen.memory_folder = memory_->path();
  const LocalPostgresServer& used = join(chosen);
  const std::string abandoned = chosen.data_folder("", "abandoned");
  const std::string fresh = chosen.data_folder("", "fresh");
  for (const std::string& folder : {abandoned, fresh}) {
    ASSERT_TRUE(make_own_folder(folder, chosen).ok());
  }
  // Long ago, for both of those that are not fresh.
  const timespec long_ago[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  const std::string in_use = ask(used, "SHOW data_directory");
  for (const std::string& folder : {abandoned, in_use}) {
    ASSERT_EQ(::utimensat(AT_FDCWD, folder.c_str(), long_ago, 0), 0);
  }
  ASSERT_NE(start_time(join()), start_time(used));
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(fresh));
  EXPECT_TRUE(fs::exists(in_use));
  fs::remove(fresh);
  TearDown();
}

TEST_F(LocalPostgresTest, SaysThatItsFolderInMemoryCannotBeMade) {
  const TemporaryFolder memory;
  LocalPostgresOptions chosen = options();
  // No place where the server's account may make a folder.
  chosen.memory_folder = memory.path("missing");
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::start_private(chosen);
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(StartsWith("The local PostgreSQL server does not start."),
                    HasSubstr("mkdir: cannot create directory")));
}

TEST_F(LocalPostgresTest, SaysWhatTheServersLogSaysWhenItDoesNotStart) {
  const TemporaryFolder own;
  const std::string bin = own.path("bin");
  own.write("bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n");
  own.write("bin/initdb", "#!/bin/sh\necho 'initdb: error: the disk is full'\nexit 1\n");
  for (const char* name : {"", "/postgres", "/initdb"}) ::chmod((bin + name).c_str(), 0755);
  LocalPostgresOptions chosen = options(own);
  chosen.binaries = PostgresBinaries{.folder = bin, .label = "99"};
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(chosen);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(StartsWith("The local PostgreSQL server does not start.\n  programs: " + bin +
                               "\n  folder:   " + chosen.home + "/99\n"),
                    HasSubstr("  its log ends with:\n    initdb: error: the disk is full\n")));
}

TEST_F(LocalPostgresTest, RefusesAFolderThatIsOpenToOthers) {
  const TemporaryFolder own;
  const std::string folder = options(own).home;
  fs::create_directory(folder);
  ::chmod(folder.c_str(), 0755);
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(options(own));
  EXPECT_EQ(server.status().message(),
            "The local PostgreSQL server trusts everyone who can enter its folder, and " + folder +
                " is open to other users (mode 0755, not 0700). Remove it, or set DRYDOCK_HOME to "
                "another folder in which to make it.");
}

TEST_F(LocalPostgresTest, RefusesALinkInTheFoldersPlace) {
  const TemporaryFolder own;
  const std::string folder = options(own).home;
  fs::create_directory(own.path("elsewhere"));
  fs::create_directory_symlink(own.path("elsewhere"), folder);
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(options(own));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(folder + " is a link. Remove it"));
}

TEST_F(LocalPostgresTest, SaysThatTheFoldersNameIsTooLong) {
  LocalPostgresOptions chosen = options();
  chosen.home = shared_home_->path(std::string(100, 'x'));
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(chosen);
  EXPECT_THAT(
      std::string(server.status().message()),
      AllOf(StartsWith("DRYDOCK_HOME is too long: the server's socket would be " +
                       chosen.shared_folder() + "/.s.PGSQL.5432 with "),
            HasSubstr("and the system takes 107. Choose a shorter folder, such as /tmp/x.")));
}

TEST(LocalPostgresOptionsTest, SaysThatTheHomeDoesNotExist) {
  const ScopedVariable home("DRYDOCK_HOME", "/nonexistent/folder");
  const absl::StatusOr<LocalPostgresOptions> options = LocalPostgresOptions::from_environment();
  ASSERT_TRUE(options.ok()) << options.status();
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(*options);
  EXPECT_THAT(std::string(server.status().message()),
              HasSubstr("Cannot make the folder " + options->home +
                        " for the local PostgreSQL server (No such file or directory). "
                        "DRYDOCK_HOME has to name a folder that exists and in which this user may "
                        "write."));
}

TEST(LocalPostgresOptionsTest, RefusesARelativeHome) {
  const ScopedVariable home("DRYDOCK_HOME", "folder");
  EXPECT_EQ(LocalPostgresOptions::from_environment().status().message(),
            "DRYDOCK_HOME=folder is a relative path. Give the whole path, such as /tmp/x.");
}

TEST(LocalPostgresOptionsTest, RefusesAnIdleTimeThatIsNoNumber) {
  const ScopedVariable idle("DRYDOCK_IDLE_SECONDS", "1min");
  EXPECT_EQ(LocalPostgresOptions::from_environment().status().message(),
            "DRYDOCK_IDLE_SECONDS=1min is no whole number. It says for how many seconds the local "
            "PostgreSQL server outlives its last user: 0, 60, 3600.");
}

TEST(SharedLocalPostgresTest, IsOneObjectWithAnOpenServer) {
  LocalPostgres& server = LocalPostgres::shared();
  const absl::StatusOr<LocalPostgres*> again = LocalPostgres::try_shared();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, &server);
  EXPECT_TRUE(AdminConnection::open(server.connection_string(), "").ok());
}

TEST(SharedLocalPostgresTest, ThrowsTheStatussText) {
  // In a new process, which has not used the server yet.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::setenv("DRYDOCK_IDLE_SECONDS", "soon", 1);
        try {
          LocalPostgres::shared();
        } catch (const LocalPostgresError& error) {
          std::fputs(error.what(), stderr);
          ::_exit(0);
        }
        ::_exit(1);
      },
      ::testing::ExitedWithCode(0), "DRYDOCK_IDLE_SECONDS=soon is no whole number.");
}

}  // namespace
}  // namespace drydock::internal
