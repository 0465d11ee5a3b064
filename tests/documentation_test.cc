// README.md and docs/*.md show no code that is not compiled: each ```cpp block stands, line by
// line, in a source file that is (docs/snippets/*.cc, examples/signup/*), each ```yaml block in a
// configuration that examples/signup reads, and what builds a project (```cmake, ```make,
// ```python, ```bazelrc) in a file of tests/consumer. Links to files lead somewhere.
//
// The test starts in the root of the workspace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ::testing::SizeIs;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> files(const fs::path& folder, const std::vector<std::string>& extensions) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (std::count(extensions.begin(), extensions.end(), entry.path().extension()) > 0) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> documents() {
  std::vector<fs::path> all = files("docs", {".md"});
  all.insert(all.end(), {"README.md", "CONTRIBUTING.md", "benchmarks/README.md"});
  return all;
}

// The lines without their indentation; empty ones are left out.
std::string normalised(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string result = "\n";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of(" \t");
    if (start != std::string::npos) result += line.substr(start) + "\n";
  }
  return result;
}

bool shows_code(std::string_view line) {
  static constexpr std::string_view kFences[] = {"```cpp",    "```cmake",   "```make",
                                                 "```python", "```bazelrc", "```yaml"};
  return std::count(std::begin(kFences), std::end(kFences), line) > 0;
}

struct Snippet {
  std::string place;  // "README.md:40"
  std::string text;
};

std::vector<Snippet> snippets(const fs::path& document) {
  std::vector<Snippet> found;
  std::istringstream lines(read(document));
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (shows_code(line)) {
      inside = true;
      found.push_back({document.string() + ":" + std::to_string(number), ""});
    } else if (line.rfind("```", 0) == 0) {
      inside = false;
    } else if (inside) {
      found.back().text += line + "\n";
    }
  }
  return found;
}

// All that is compiled and may be shown, a file each.
std::vector<std::string> compiled_sources() {
  std::vector<std::string> sources;
  for (const char* folder : {"docs/snippets", "examples/signup"}) {
    for (const fs::path& path : files(folder, {".cc", ".h", ".yaml"})) {
      sources.push_back(normalised(read(path)));
    }
  }
  for (const char* file : {".bazelrc", "BUILD", "CMakeLists.txt", "Makefile", "WORKSPACE",
                           "add_subdirectory/CMakeLists.txt"}) {
    sources.push_back(normalised(read(fs::path("tests/consumer") / file)));
  }
  return sources;
}

bool stands_in_one_of(const std::vector<std::string>& sources, const Snippet& snippet) {
  const std::string wanted = normalised(snippet.text);
  return std::any_of(sources.begin(), sources.end(), [&](const std::string& source) {
    return source.find(wanted) != std::string::npos;
  });
}

TEST(DocumentationTest, EverySnippetIsCompiled) {
  const std::vector<std::string> sources = compiled_sources();
  int checked = 0;
  for (const fs::path& document : documents()) {
    for (const Snippet& snippet : snippets(document)) {
      EXPECT_TRUE(stands_in_one_of(sources, snippet))
          << "The snippet at " << snippet.place
          << " stands in no file of docs/snippets, examples/signup or tests/consumer, so that "
             "nothing compiles it:\n"
          << snippet.text;
      ++checked;
    }
  }
  EXPECT_GE(checked, 8);
}

TEST(DocumentationTest, ASnippetThatDiffersInOneLineIsNoticed) {
  const std::vector<std::string> sources = compiled_sources();
  std::vector<Snippet> shown = snippets("README.md");
  ASSERT_THAT(shown, SizeIs(testing::Ge(2U)));
  Snippet& changed = shown[0];
  const std::size_t place = changed.text.find("send_confirmation");
  ASSERT_NE(place, std::string::npos);
  changed.text.replace(place, 4, "mail");
  EXPECT_FALSE(stands_in_one_of(sources, changed));
}

TEST(DocumentationTest, EveryLinkToAFileLeadsSomewhere) {
  static const std::regex link(R"(\]\(([^)#:]+)\))");
  int checked = 0;
  for (const fs::path& document : documents()) {
    const std::string text = read(document);
    ASSERT_FALSE(text.empty()) << document;
    for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
      const fs::path target = document.parent_path() / (*match)[1].str();
      EXPECT_TRUE(fs::exists(target)) << document << " links to " << target;
      ++checked;
    }
  }
  EXPECT_GE(checked, 8);
}

}  // namespace
