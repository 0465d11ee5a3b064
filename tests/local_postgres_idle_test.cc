// When a local server that nobody uses stops by itself: after its time, and not while it is used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "src/admin_connection.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "src/unique_fd.h"
#include "tests/local_postgres_fixture.h"
#include "tests/temporary_folder.h"

namespace drydock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

// Longer than any step of a test takes; the tests end it themselves.
constexpr char kLong[] = "25";

std::string command_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/cmdline");
  std::stringstream content;
  content << file.rdbuf();  // does not throw where the process has just ended
  std::string command = content.str();
  for (char& c : command) c = c == '\0' ? ' ' : c;
  return command;
}

// The process of that command that a process of the keeper's waits for; 0: there is none.
pid_t child_of(pid_t keeper, const std::string& command) {
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t process = std::stoi(name);
    if (command_of(process) == command && parent_of(parent_of(process)) == keeper) return process;
  }
  return 0;
}

pid_t await_child(pid_t keeper, const std::string& command) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    if (const pid_t child = child_of(keeper, command)) return child;
    std::this_thread::yield();
  }
  throw std::runtime_error("the keeper has not come to '" + command + "'");
}

class LocalPostgresIdleTest : public LocalPostgresFixture {
 protected:
  LocalPostgresServer& join() {
    LocalPostgresOptions chosen = options();
    chosen.idle_seconds = kLong;
    return LocalPostgresFixture::join(chosen);
  }

  // Returns when the keeper counts the time in which nobody uses the server: its clock, a sleep(1).
  static pid_t await_clock(pid_t keeper) {
    return await_child(keeper, std::string("sleep ") + kLong + " ");
  }
  // That time has passed.
  static void end_clock(pid_t clock) {
    const UniqueFd handle = handle_of(clock);
    ASSERT_EQ(::kill(clock, SIGTERM), 0);
    ASSERT_TRUE(ends_in_time(handle));
  }
  // The keeper waits until nobody uses the server.
  static void await_end_of_use(pid_t keeper) { await_child(keeper, "flock 9 "); }

  // Returns when whoever comes now comes later than the clock began, in the time of files.
  void await_next_tick(const std::string& server_folder) const {
    const std::string file = folder_.write("tick", "");
    while (fs::last_write_time(file) <= fs::last_write_time(server_folder + "/idle_since")) {
      folder_.write("tick", "");
    }
  }

  TemporaryFolder folder_;
};

TEST_F(LocalPostgresIdleTest, AServerThatNobodyUsesStopsAfterTheTimeThatTheEnvironmentSays) {
  const ScopedVariable seconds("DRYDOCK_IDLE_SECONDS", "1");
  LocalPostgresOptions chosen = options();
  absl::StatusOr<LocalPostgresOptions> said = LocalPostgresOptions::from_environment();
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->idle_seconds, "1");
  chosen.idle_seconds = said->idle_seconds;
  const ServerProcess process = process_of(LocalPostgresFixture::join(chosen).folder());
  const UniqueFd keeper = handle_of(process.keeper);
  servers_.clear();
  ASSERT_TRUE(ends_in_time(keeper));
  EXPECT_NE(::kill(process.postmaster, 0), 0);
  EXPECT_TRUE(memory_is_gone(process));
  EXPECT_THAT(names_in(home()), ElementsAre(StartsWith("initdb-")));
}

TEST_F(LocalPostgresIdleTest, ItOutlivesItsLastUserForThatTime) {
  const LocalPostgresServer& server = join();
  const ServerProcess process = process_of(server.folder());
  const UniqueFd keeper = handle_of(process.keeper);
  const std::string uri = server.connection_string();
  servers_.clear();
  const pid_t clock = await_clock(process.keeper);
  EXPECT_TRUE(AdminConnection::open(uri, "").ok());
  end_clock(clock);
  ASSERT_TRUE(ends_in_time(keeper));
  EXPECT_NE(::kill(process.postmaster, 0), 0);
}

TEST_F(LocalPostgresIdleTest, ItIsNotStoppedWhileItIsUsed) {
  const ServerProcess process = process_of(join().folder());
  const UniqueFd keeper = handle_of(process.keeper);
  servers_.clear();
  const pid_t clock = await_clock(process.keeper);
  const LocalPostgresServer& user = join();
  const std::string time = start_time(user);
  EXPECT_EQ(process_of(user.folder()).postmaster, process.postmaster);
  end_clock(clock);
  await_end_of_use(process.keeper);
  EXPECT_EQ(start_time(user), time);
  servers_.clear();
  end_clock(await_clock(process.keeper));
  ASSERT_TRUE(ends_in_time(keeper));
}

// The time counts from the end of the last use.
TEST_F(LocalPostgresIdleTest, ItsTimeBeginsAgainWhereSomebodyHasComeAndGone) {
  const ServerProcess process = process_of(join().folder());
  const UniqueFd keeper = handle_of(process.keeper);
  const std::string folder = servers_.front()->folder();
  const std::string uri = servers_.front()->connection_string();
  servers_.clear();
  const pid_t clock = await_clock(process.keeper);
  await_next_tick(folder);
  join();
  servers_.clear();
  end_clock(clock);
  const pid_t next = await_clock(process.keeper);
  EXPECT_NE(next, clock);
  EXPECT_EQ(process_of(folder).postmaster, process.postmaster);
  EXPECT_TRUE(AdminConnection::open(uri, "").ok());
  end_clock(next);
  ASSERT_TRUE(ends_in_time(keeper));
}

}  // namespace
}  // namespace drydock::internal
