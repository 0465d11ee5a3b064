// What a local server's users find after a process of it was killed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "src/file_lock.h"
#include "src/local_postgres_keeper.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "tests/local_postgres_fixture.h"
#include "tests/temporary_folder.h"

namespace drydock::internal {
namespace {

using LocalPostgresRecoveryTest = LocalPostgresFixture;

TEST_F(LocalPostgresRecoveryTest, TheNextUserOfAKilledServerGetsANewOne) {
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

TEST_F(LocalPostgresRecoveryTest, AUserOfAKilledServerStartsItAgain) {
  LocalPostgresServer& server = join();
  const ServerProcess killed = process_of(server.folder());
  const UniqueFd postmaster = handle_of(killed.postmaster);
  ::kill(killed.postmaster, SIGKILL);
  ASSERT_TRUE(ends_in_time(postmaster));
  ASSERT_TRUE(server.ensure_running().ok());
  keepers_.push_back(handle_of(process_of(server.folder()).keeper));
  EXPECT_EQ(ask(server, "SELECT 1"), "1");
}

TEST_F(LocalPostgresRecoveryTest, AServerDoesNotOutliveItsKeeper) {
  const ServerProcess process = process_of(join().folder());
  const UniqueFd postmaster = handle_of(process.postmaster);
  ::kill(process.keeper, SIGKILL);
  ASSERT_TRUE(ends_in_time(postmaster));
  EXPECT_EQ(ask(join(), "SELECT 1"), "1");
}

TEST_F(LocalPostgresRecoveryTest, AServerThatNobodyReapsIsNotWaitedFor) {
  // As in a container whose process 1 reaps nothing.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const ServerProcess process = process_of(join().folder());
  const UniqueFd postmaster = handle_of(process.postmaster);
  ::kill(process.keeper, SIGKILL);
  ASSERT_TRUE(ends_in_time(postmaster));
  EXPECT_EQ(ask(join(), "SELECT 1"), "1");
  TearDown();
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  EXPECT_EQ(::waitpid(process.postmaster, nullptr, 0), process.postmaster);
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

TEST_F(LocalPostgresRecoveryTest, CleansUpAfterAStarterThatDiedInTheMiddle) {
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

// Between the two steps of a process that makes the file, as root, for the server's account.
TEST_F(LocalPostgresRecoveryTest, GivesAwayTheLockFileOfAStarterThatWasKilledBeforeItDid) {
  const TemporaryFolder own;
  const LocalPostgresOptions chosen = options(own);
  const std::string folder = chosen.shared_folder();
  ASSERT_TRUE(make_own_folder(chosen.home, chosen).ok());
  ASSERT_TRUE(make_own_folder(folder, chosen).ok());
  const std::string file = folder + "/in_use";
  ASSERT_TRUE(UniqueFd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600)).valid());
  EXPECT_EQ(ask(join(chosen), "SELECT 1"), "1");
  struct stat made;
  ASSERT_EQ(::stat(file.c_str(), &made), 0);
  EXPECT_EQ(made.st_uid, chosen.account ? chosen.account->uid : ::geteuid());
  TearDown();
}

TEST_F(LocalPostgresRecoveryTest, RemovesClustersInMemoryThatNobodyUses) {
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

}  // namespace
}  // namespace drydock::internal
