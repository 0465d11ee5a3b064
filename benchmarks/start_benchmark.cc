// How long a test process takes to its first sandbox, and how often a suite of tests with a
// database each waits for one.
//
// It runs itself as the test process: the time is from the call that starts the process to the end
// of the first transact. Warm: the server runs and the template is there. Cold: there is no server
// and no template; with and without the copy of initdb that a machine keeps.
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/local_postgres.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr char kTestProcess[] = "--test-process";
constexpr int kWarmRuns = 40;
constexpr int kColdRuns = 5;
constexpr int kCloneTests = 200;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

drydock::TestDatabase open_database() {
  drydock::TestDatabaseOptions options;
  options.schema_sql = "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE)";
  absl::StatusOr<drydock::TestDatabase> database = drydock::TestDatabase::open(options);
  if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
  return *std::move(database);
}

void insert_a_user(drydock::Sandbox& sandbox) {
  sandbox.database().transact([](drydock::Transaction& tx) {
    tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')");
  });
}

// The first test of a process, with the strategy that DRYDOCK_STRATEGY says. What it leaves is
// dropped after the time has been told.
int be_a_test_process() {
  drydock::TestDatabase database = open_database();
  drydock::Sandbox sandbox(database);
  insert_a_user(sandbox);
  return std::puts("first sandbox") < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

// Until its first sandbox.
double time_of_a_test_process(const std::string& program) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string name = program;
  std::string argument = kTestProcess;
  char* const arguments[] = {name.data(), argument.data(), nullptr};
  pid_t child = 0;
  const Clock::time_point start = Clock::now();
  const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ);
  ::close(ends[1]);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + program);
  char first_letter = 0;
  const bool told = ::read(ends[0], &first_letter, 1) == 1;
  const double time = milliseconds_since(start);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!told || status != 0) throw std::runtime_error("the test process failed");
  return time;
}

void print_times(const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::printf("%-46s %8.1f ms median %8.1f ms at most, of %zu\n", what, times[times.size() / 2],
              times.back(), times.size());
}

// Calls `prepare` before each process, outside of the measured time.
void measure_starts(const char* what, const std::string& program, int runs,
                    const std::function<void()>& prepare) {
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) {
    prepare();
    times.push_back(time_of_a_test_process(program));
  }
  print_times(what, times);
}

// In memory, where drydock has its data too, and where there is room. On a disk the runs would
// measure each other: ext4 takes ten times as long to make files when as many have just been
// deleted.
const char* parent_of_homes() {
  constexpr const char* kMemory = "/dev/shm";
  std::error_code failed;
  const fs::space_info space = fs::space(kMemory, failed);
  return !failed && space.available >= std::uintmax_t{1} << 30 ? kMemory : "/tmp";
}

// A folder for servers that end with their last user.
class OwnHome {
 public:
  OwnHome() {
    std::string folder = std::string(parent_of_homes()) + "/ddb-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    fs::permissions(folder, fs::perms(0711));
    folder_ = folder;
    ::setenv("DRYDOCK_HOME", folder.c_str(), 1);
    ::setenv("DRYDOCK_IDLE_SECONDS", "0", 1);
  }
  OwnHome(const OwnHome&) = delete;
  OwnHome& operator=(const OwnHome&) = delete;
  ~OwnHome() {
    await_end_of_server();
    std::error_code failed;
    fs::remove_all(folder_, failed);
    ::unsetenv("DRYDOCK_HOME");
    ::unsetenv("DRYDOCK_IDLE_SECONDS");
  }

  void await_end_of_server() const {
    while (has_more_than_initdb()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  void remove_all() const {
    await_end_of_server();
    for (const auto& entry : fs::directory_iterator(folder_)) fs::remove_all(entry);
  }

 private:
  bool has_more_than_initdb() const {
    std::error_code failed;
    for (const auto& user : fs::directory_iterator(folder_, failed)) {
      for (const auto& entry : fs::directory_iterator(user, failed)) {
        if (entry.path().filename().string().rfind("initdb-", 0) != 0) return true;
      }
    }
    return false;
  }

  fs::path folder_;
};

// `pause`: what a test does beside the database, in microseconds.
void measure_clones(int pause) {
  drydock::TestDatabase database = open_database();
  const Clock::time_point start = Clock::now();
  for (int test = 0; test < kCloneTests; ++test) {
    drydock::Sandbox sandbox(database);
    insert_a_user(sandbox);
    std::this_thread::sleep_for(std::chrono::microseconds(pause));
    if (!sandbox.finish().status().ok()) throw std::runtime_error("a clone test failed");
  }
  const double total = milliseconds_since(start);
  const drydock::CloneUsage usage = database.clone_usage();
  std::printf(
      "%3d clone tests of %4.1f ms and an INSERT: %4d waited for a clone, %7.1f ms together; "
      "%6.1f ms a test\n",
      usage.taken, pause / 1000.0, usage.waited, absl::ToDoubleMilliseconds(usage.time_waited),
      total / kCloneTests);
}

void measure_all(const std::string& program) {
  ::setenv("DRYDOCK_STRATEGY", "transaction", 1);
  static_cast<void>(drydock::LocalPostgres::shared());  // stays until the end
  static_cast<void>(time_of_a_test_process(program));   // makes the template
  measure_starts("warm: server and template are there", program, kWarmRuns, [] {});
  ::setenv("DRYDOCK_STRATEGY", "clone", 1);
  measure_starts("the same, DRYDOCK_STRATEGY=clone", program, kWarmRuns, [] {});
  for (const int pause : {0, 1'000, 3'000, 5'000, 20'000, 50'000}) measure_clones(pause);
  ::setenv("DRYDOCK_STRATEGY", "transaction", 1);
  const OwnHome home;
  static_cast<void>(time_of_a_test_process(program));
  measure_starts("cold: no server, no template", program, kColdRuns,
                 [&] { home.await_end_of_server(); });
  measure_starts("cold, and the first start on the machine", program, kColdRuns,
                 [&] { home.remove_all(); });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 1 && std::strcmp(argv[1], kTestProcess) == 0) return be_a_test_process();
    static_cast<void>(std::setvbuf(stdout, nullptr, _IOLBF, 0));
    measure_all(fs::canonical("/proc/self/exe").string());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "start_benchmark: %s\n", error.what());
    return 1;
  }
}
