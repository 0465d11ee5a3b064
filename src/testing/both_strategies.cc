#include "src/testing/both_strategies.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "src/testing/command_line.h"
#include "src/unique_fd.h"

namespace drydock::internal {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// The environment of this process as it is now, without what would make the other process choose
// its tests or write its report by itself.
std::vector<std::string> environment_for_clone() {
  std::vector<std::string> variables;
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const bool mine = starts_with(text, "DRYDOCK_STRATEGY=") || starts_with(text, "GTEST_") ||
                      starts_with(text, "TEST_TOTAL_SHARDS=") || starts_with(text, "TEST_SHARD_") ||
                      starts_with(text, "XML_OUTPUT_FILE=") ||
                      starts_with(text, "TESTBRIDGE_TEST_ONLY=");
    if (!mine) variables.emplace_back(text);
  }
  variables.emplace_back("DRYDOCK_STRATEGY=clone");
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Outcome {
  bool ran = false;
  bool passed = false;
  std::string output;
};

Outcome run_under_clone(const std::string& test) {
  std::vector<std::string> arguments = command_line();
  arguments.insert(arguments.end(),
                   {"--gtest_filter=" + test, "--gtest_output=", "--gtest_repeat=1",
                    "--gtest_also_run_disabled_tests", "--gtest_color=no"});
  std::vector<std::string> variables = environment_for_clone();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {.output = std::strerror(errno)};
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDERR_FILENO);
  pid_t process = 0;
  const int error = ::posix_spawn(&process, "/proc/self/exe", &actions, nullptr,
                                  pointers(arguments).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {.ran = false, .passed = false, .output = std::strerror(error)};
  writer = UniqueFd();
  Outcome outcome;
  outcome.ran = true;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = ::read(reader.get(), buffer.data(), buffer.size())) > 0;) {
    outcome.output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return outcome;
}

}  // namespace

bool both_strategies_wanted() {
  const char* const strategy = std::getenv("DRYDOCK_STRATEGY");
  return strategy != nullptr && std::string_view(strategy) == "both";
}

std::string compare_with_clone(const std::string& test, bool passed_here) {
  const Outcome outcome = run_under_clone(test);
  if (!outcome.ran) {
    return "DRYDOCK_STRATEGY=both: " + test +
           " cannot be run a second time, under Strategy::kClone: " + outcome.output;
  }
  if (outcome.passed == passed_here) return "";
  const auto word = [](bool passed) { return passed ? "passes" : "fails"; };
  return "DRYDOCK_STRATEGY=both: " + test + " " + word(passed_here) +
         " under Strategy::kTransaction and " + word(outcome.passed) +
         " under Strategy::kClone.\n"
         "  The test, or the code, depends on how it is kept apart; docs/fidelity.md lists what "
         "differs. Under Strategy::kClone it printed:\n" +
         outcome.output;
}

}  // namespace drydock::internal
