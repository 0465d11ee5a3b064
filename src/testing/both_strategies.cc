#include "src/testing/both_strategies.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/testing/command_line.h"
#include "src/unique_fd.h"

namespace drydock::internal {
namespace {

using Failures = std::vector<std::string>;

// The number of the file into which the second process writes its failures, a zero after each.
constexpr char kReport[] = "DRYDOCK_BOTH_REPORT";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// The environment of this process as it is now, without what would make the other process choose
// its tests or write its report by itself.
std::vector<std::string> environment_for_clone(int report) {
  std::vector<std::string> variables;
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const bool mine = starts_with(text, "DRYDOCK_STRATEGY=") || starts_with(text, "GTEST_") ||
                      starts_with(text, "TEST_TOTAL_SHARDS=") || starts_with(text, "TEST_SHARD_") ||
                      starts_with(text, "XML_OUTPUT_FILE=") ||
                      starts_with(text, std::string(kReport) + "=") ||
                      starts_with(text, "TESTBRIDGE_TEST_ONLY=");
    if (!mine) variables.emplace_back(text);
  }
  variables.emplace_back("DRYDOCK_STRATEGY=clone");
  variables.push_back(std::string(kReport) + "=" + std::to_string(report));
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
  Failures failures;
};

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

Failures read_failures(int report) {
  ::lseek(report, 0, SEEK_SET);
  const std::string text = read_all(report);
  Failures failures;
  for (std::size_t begin = 0, end = 0; (end = text.find('\0', begin)) != std::string::npos;
       begin = end + 1) {
    failures.push_back(text.substr(begin, end - begin));
  }
  return failures;
}

Outcome run_under_clone(const std::string& test) {
  std::vector<std::string> arguments = command_line();
  arguments.insert(arguments.end(),
                   {"--gtest_filter=" + test, "--gtest_output=", "--gtest_repeat=1",
                    "--gtest_also_run_disabled_tests", "--gtest_color=no"});
  const UniqueFd report(::memfd_create("drydock failures", MFD_CLOEXEC));
  std::vector<std::string> variables = environment_for_clone(report.get());
  Outcome outcome;
  int ends[2];
  if (!report.valid() || ::pipe2(ends, O_CLOEXEC) != 0) {
    outcome.output = std::strerror(errno);
    return outcome;
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, report.get(), report.get());  // stays open
  pid_t process = 0;
  const int error = ::posix_spawn(&process, "/proc/self/exe", &actions, nullptr,
                                  pointers(arguments).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    outcome.output = std::strerror(error);
    return outcome;
  }
  writer = UniqueFd();
  outcome.ran = true;
  outcome.output = read_all(reader.get());
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  outcome.failures = read_failures(report.get());
  return outcome;
}

// Without what is another in each process: names of databases and addresses.
std::string comparable(const std::string& failure) {
  static const std::regex differs("drydock_[0-9]+_[0-9a-f]{8}(_[0-9]+)?|0x[0-9a-f]+");
  return std::regex_replace(failure, differs, "?");
}

// Those of `failures` that `others` has not, indented.
std::string only_in(const Failures& failures, const Failures& others) {
  std::vector<std::string> left;
  for (const std::string& other : others) left.push_back(comparable(other));
  std::string text;
  for (const std::string& failure : failures) {
    const auto found = std::find(left.begin(), left.end(), comparable(failure));
    if (found != left.end()) {
      left.erase(found);
      continue;
    }
    text += "\n    ";
    for (const char c : failure) text += c == '\n' ? std::string("\n    ") : std::string(1, c);
  }
  return text;
}

std::string compare_failures(const std::string& test, const Failures& here, const Outcome& there) {
  const std::string both = "DRYDOCK_STRATEGY=both: " + test + " fails under both strategies, but ";
  if (there.failures.empty()) {
    return both + "under Strategy::kClone before the end of the test. It printed:\n" + there.output;
  }
  const std::string only_here = only_in(here, there.failures);
  const std::string only_there = only_in(there.failures, here);
  if (only_here.empty() && only_there.empty()) return "";
  const auto part = [](const char* strategy, const std::string& failures) {
    return std::string("\n  Under Strategy::") + strategy +
           " only:" + (failures.empty() ? std::string(" none") : failures);
  };
  return both + "not in the same way." + part("kTransaction", only_here) +
         part("kClone", only_there);
}

}  // namespace

bool both_strategies_wanted() {
  const char* const strategy = std::getenv("DRYDOCK_STRATEGY");
  return strategy != nullptr && std::string_view(strategy) == "both";
}

Failures failures_of_this_test() {
  Failures failures;
  const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return failures;
  const ::testing::TestResult& result = *test->result();
  for (int i = 0; i < result.total_part_count(); ++i) {
    const ::testing::TestPartResult& part = result.GetTestPartResult(i);
    if (!part.failed()) continue;
    const std::string file = part.file_name() == nullptr ? "unknown file" : part.file_name();
    // Newer GoogleTests end a message with a line feed.
    failures.push_back(absl::StrCat(file, ":", part.line_number(), "\n",
                                    absl::StripTrailingAsciiWhitespace(part.message())));
  }
  return failures;
}

void tell_failures(const Failures& failures) {
  const char* const report = std::getenv(kReport);
  if (report == nullptr) return;
  for (const std::string& failure : failures) {
    if (::write(std::atoi(report), failure.c_str(), failure.size() + 1) < 0) return;
  }
}

std::string compare_with_clone(const std::string& test, const Failures& here) {
  const bool passed_here = here.empty();
  const Outcome outcome = run_under_clone(test);
  if (!outcome.ran) {
    return "DRYDOCK_STRATEGY=both: " + test +
           " cannot be run a second time, under Strategy::kClone: " + outcome.output;
  }
  if (outcome.passed && passed_here) return "";
  if (!outcome.passed && !passed_here) return compare_failures(test, here, outcome);
  const auto word = [](bool passed) { return passed ? "passes" : "fails"; };
  return "DRYDOCK_STRATEGY=both: " + test + " " + word(passed_here) +
         " under Strategy::kTransaction and " + word(outcome.passed) +
         " under Strategy::kClone.\n"
         "  The test, or the code, depends on how it is kept apart; docs/fidelity.md lists what "
         "differs. Under Strategy::kClone it printed:\n" +
         outcome.output;
}

}  // namespace drydock::internal
