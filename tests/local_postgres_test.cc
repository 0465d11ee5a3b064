// How a local server is started, shared and stopped.
#include "drydock/local_postgres.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/admin_connection.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "tests/child_process.h"
#include "tests/local_postgres_fixture.h"
#include "tests/private_mounts.h"
#include "tests/temporary_folder.h"

namespace drydock::internal {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::StartsWith;

using LocalPostgresTest = LocalPostgresFixture;

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

// A folder of programs that say they are another version, as a second PostgreSQL would.
std::string other_version(const TemporaryFolder& folder, const PostgresBinaries& real) {
  folder.write("bin/postgres",
               "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'postgres (PostgreSQL) "
               "99.1'; exit; }\nexec " +
                   real.folder + "/postgres \"$@\"\n");
  folder.write("bin/initdb", "#!/bin/sh\nexec " + real.folder + "/initdb \"$@\"\n");
  for (const char* name : {"", "/postgres", "/initdb"}) {
    ::chmod((folder.path("bin") + name).c_str(), 0755);
  }
  return folder.path("bin");
}

TEST_F(LocalPostgresTest, ServersOfTwoVersionsRunSideBySide) {
  const TemporaryFolder programs;
  const LocalPostgresServer& first = join();
  const std::string bin = other_version(programs, first.options().binaries);
  const ScopedVariable variable("DRYDOCK_POSTGRES_BIN", bin.c_str());
  const LocalPostgresServer& second = join();
  EXPECT_EQ(second.options().binaries.folder, bin);
  EXPECT_NE(first.folder(), second.folder());
  EXPECT_NE(start_time(first), start_time(second));
  EXPECT_EQ(ask(first, "SELECT 1"), "1");
  EXPECT_EQ(ask(second, "SELECT 1"), "1");
  servers_.clear();
  for (const UniqueFd& keeper : keepers_) ASSERT_TRUE(ends_in_time(keeper));
  for (const std::string& name : names_in(home())) {
    if (name == "initdb-99.1") std::filesystem::remove_all(home() + "/" + name);
  }
}

TEST_F(LocalPostgresTest, ShowsLongStatementsWhole) {
  EXPECT_EQ(ask(join(), "SHOW track_activity_query_size"), "64kB");
}

// As in a container: 64 MB in /dev/shm are not enough for a cluster.
TEST_F(LocalPostgresTest, KeepsItsDataInItsFolderWhereMemoryIsScarce) {
  const TemporaryFolder own;
  ChildProcess child([&](const ChildProcess::Tell& tell) {
    if (!enter_private_mounts() || !mount_in_memory("/dev/shm", "64m")) return tell("no mounts");
    const ScopedVariable home("DRYDOCK_HOME", nullptr);
    const absl::StatusOr<LocalPostgresOptions> usual = LocalPostgresOptions::from_environment();
    LocalPostgresOptions chosen = options(own);
    chosen.memory_folder = usual.ok() ? usual->memory_folder : usual.status().ToString();
    const absl::StatusOr<ServerPtr> server = LocalPostgresServer::start_private(chosen);
    tell(server.ok() ? ask(**server, "SHOW data_directory") : server.status().ToString());
  });
  const std::string line = child.line();
  if (line == "no mounts") GTEST_SKIP() << "this user may not make a mount namespace";
  EXPECT_THAT(line, StartsWith(own.path("drydock-")));
  EXPECT_EQ(child.wait(), 0);
}

TEST(SharedLocalPostgresTest, IsOneObjectWithAnOpenServer) {
  LocalPostgres& server = LocalPostgres::shared();
  const absl::StatusOr<LocalPostgres*> again = LocalPostgres::try_shared();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, &server);
  EXPECT_TRUE(AdminConnection::open(server.connection_string(), "").ok());
}

}  // namespace
}  // namespace drydock::internal
