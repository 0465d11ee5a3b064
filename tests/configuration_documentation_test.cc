// docs/configuration.md shows the messages that the code prints, word for word.
//
// The test starts in the root of the workspace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executors.h"
#include "drydock/source_location.h"
#include "tests/config_fixture.h"
#include "tests/job_gate.h"
#include "tests/without_times.h"

namespace drydock {
namespace {

namespace fs = std::filesystem;

using Messages = std::map<std::string, std::string>;  // by what is wrong

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// "b" of "| a | `b` |", where one or two backquotes enclose it.
std::string cell(const std::string& row, std::size_t begin) {
  const std::size_t start = row.find_first_not_of(" `", begin);
  const std::size_t end = row.find_last_not_of(" `|");
  return row.substr(start, end + 1 - start);
}

class ConfigurationDocumentationTest : public ConfigTest {
 protected:
  // The errors of the file stand for one of this name in the folder where the program starts.
  static constexpr char kFile[] = "executors.yaml";

  ConfigurationDocumentationTest() { fs::current_path(folder_.path()); }
  ~ConfigurationDocumentationTest() override { fs::current_path(root_); }

  // The rows of the table under "When it is wrong".
  Messages documented() const {
    std::istringstream lines(document_);
    Messages messages;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("## ", 0) == 0) inside = line == "## When it is wrong";
      if (!inside || line.rfind("| ", 0) != 0) continue;
      const std::size_t border = line.find(" | ");
      messages[line.substr(2, border - 2)] = cell(line, border + 3);
    }
    messages.erase("what");  // the head
    return messages;
  }

  // The text block that begins so, on one line.
  std::string documented_block(const std::string& beginning) const {
    std::istringstream lines(document_.substr(document_.find("    " + beginning)));
    std::string block;
    for (std::string line; std::getline(lines, line) && line.rfind("    ", 0) == 0;) {
      block += (block.empty() ? "" : " ") + line.substr(line.find_first_not_of(' '));
    }
    return block;
  }

  std::string error_of_file(const std::string& yaml) const {
    folder_.write(kFile, yaml);
    return text_of(Executors::from_file(kFile));
  }
  std::string error_of_override(const char* overrides) const {
    const ScopedVariable environment("DRYDOCK_EXECUTOR", overrides);
    return error_of_file(kTwo);
  }

 private:
  const fs::path root_ = fs::current_path();
  const internal::TemporaryFolder folder_;
  const std::string document_ = [] {
    std::ifstream file("docs/configuration.md");
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }();
};

TEST_F(ConfigurationDocumentationTest, TheTableOfErrorsIsWhatTheCodeSays) {
  Messages said;
  said["a kind that is not known"] = error_of_file("executors:\n  default: {kind: tread_pool}\n");
  said["a key that the kind does not have"] =
      error_of_file("executors:\n  default: {kind: thread_pool, thread: 2}\n");
  said["a value of the wrong type"] =
      error_of_file("executors:\n  default: {kind: thread_pool, threads: eight}\n");
  said["a circle"] = error_of_file(
      "executors:\n"
      "  default: {kind: thread_pool}\n"
      "  a: {kind: serial, on: b}\n"
      "  b: {kind: serial, on: c}\n"
      "  c: {kind: serial, on: b}\n");
  said["a name twice"] =
      error_of_file("executors:\n  mail: {kind: thread_pool}\n  mail: {kind: thread_pool}\n");
  std::string missing = text_of(Executors::from_file("executers.yaml"));
  replace_all(missing, fs::current_path().string(), "/srv/app");
  said["a file that is missing"] = missing;
  said["text that is no YAML"] = error_of_file("executors:\n  default: {kind: thread_pool\n");
  said["an override of an executor that is not there"] = error_of_override("mial=serial");
  said["a kind of tests in production"] = error_of_override("default=inline");
  EXPECT_EQ(documented(), said);
}

TEST_F(ConfigurationDocumentationTest, SoIsTheListOfJobsThatHaveNotEnded) {
  absl::StatusOr<Executors> executors = Executors::from_yaml(kTwo);
  ASSERT_TRUE(executors.ok()) << executors.status();
  const SourceLocation where = SourceLocation::current("examples/signup/signup_service.cc", 39);
  Gate gate(executors->get("mail"), "send_confirmation", where);
  std::string said(executors->shutdown(absl::Milliseconds(1)).message());
  gate.open();
  replace_all(said, "\n ", "");
  std::string shown = documented_block("drydock: the executors have not ended: ");
  // Which thread of the pool, and which job, are as it comes.
  for (std::string* const text : {&said, &shown}) {
    for (const char* number : {"1", "2", "3"}) {
      replace_all(*text, std::string("'default-") + number + "'", "'default-N'");
    }
    replace_all(*text, "(#1,", "(#N,");
    replace_all(*text, "(#7,", "(#N,");
  }
  EXPECT_EQ(without_times(shown), without_times(said));
}

}  // namespace
}  // namespace drydock
