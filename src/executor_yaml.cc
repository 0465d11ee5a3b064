#include "src/executor_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/spelling.h"

namespace drydock::internal {
namespace {

constexpr char kExample[] =
    "Write it as in \"executors: {default: {kind: thread_pool, threads: 8}, mail: {kind: serial, "
    "on: default}}\".";

std::string type_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a map";
    case YAML::NodeType::Scalar:
      return "the value '" + node.Scalar() + "'";
    default:
      return "empty";
  }
}

class Parser {
 public:
  explicit Parser(std::string source) : source_(std::move(source)) {}

  absl::StatusOr<ExecutorConfig> parse(std::string_view text) {
    std::vector<YAML::Node> documents;
    try {
      documents = YAML::LoadAll(std::string(text));
    } catch (const YAML::Exception& error) {
      return config_error(place(error.mark), "this is no YAML: " + error.msg + ".");
    }
    if (documents.size() > 1) {
      return config_error(place(documents[1]),
                          "a second YAML document begins here, and only one would be read. Put all "
                          "executors into one.");
    }
    // An empty text has no document at all.
    const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
    if (absl::Status status = parse_root(root); !status.ok()) return status;
    return std::move(config_);
  }

 private:
  // yaml-cpp counts from 0, and marks an empty document with -1.
  Place place(const YAML::Mark& mark) const {
    return source_ + ", line " + std::to_string(std::max(mark.line, 0) + 1) + ", column " +
           std::to_string(std::max(mark.column, 0) + 1);
  }
  Place place(const YAML::Node& node) const { return place(node.Mark()); }
  // yaml-cpp marks an empty value where the next thing begins.
  Place place_of_value(const YAML::Node& key, const YAML::Node& value) const {
    return place(value.IsNull() ? key : value);
  }

  absl::Status parse_root(const YAML::Node& root) {
    if (!root.IsMap()) {
      return config_error(place(root), "there is no map `executors` here; the text is " +
                                           type_of(root) + ". " + kExample);
    }
    Place first;
    for (const auto& pair : root) {
      const YAML::Node& key = pair.first;
      const YAML::Node& value = pair.second;
      if (!key.IsScalar() || key.Scalar() != "executors") {
        const std::string name = key.IsScalar() ? key.Scalar() : type_of(key);
        return config_error(place(key), "unknown key '" + name + "'." +
                                            did_you_mean(name, {"executors"}) +
                                            " Valid keys: executors.");
      }
      if (!first.empty()) {
        return config_error(place(key), "`executors` stands here a second time; the first is at " +
                                            first + ". Put all executors into one.");
      }
      first = place(key);
      if (absl::Status status = parse_executors(key, value); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status parse_executors(const YAML::Node& key, const YAML::Node& executors) {
    if (!executors.IsMap() || executors.size() == 0) {
      const std::string what = executors.IsMap() ? "empty" : type_of(executors);
      return config_error(place_of_value(key, executors),
                          "`executors` is " + what +
                              ", but must be a map of at least one executor by "
                              "its name. " +
                              kExample);
    }
    for (const auto& pair : executors) {
      const YAML::Node& name = pair.first;
      const YAML::Node& body = pair.second;
      if (absl::Status status = parse_executor(name, body); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status parse_executor(const YAML::Node& name, const YAML::Node& body) {
    if (!name.IsScalar()) {
      return config_error(place(name),
                          "the name of an executor is " + type_of(name) + ", but must be a word.");
    }
    if (name.Scalar() == "<<") return merge_key(place(name));
    if (!body.IsMap()) {
      return config_error(place_of_value(name, body),
                          "executor '" + name.Scalar() + "' is " + type_of(body) +
                              ", but must be a map with a `kind`. " + kExample);
    }
    ExecutorEntry entry;
    entry.name = name.Scalar();
    entry.place = place(name);
    for (const auto& pair : body) {
      const YAML::Node& key = pair.first;
      const YAML::Node& value = pair.second;
      if (absl::Status status = parse_setting(key, value, entry); !status.ok()) return status;
    }
    return add_entry(config_, std::move(entry));
  }

  absl::Status parse_setting(const YAML::Node& key, const YAML::Node& value, ExecutorEntry& entry) {
    const std::string name = key.IsScalar() ? key.Scalar() : type_of(key);
    if (name == "<<") return merge_key(place(key));
    if (!value.IsScalar()) {
      return config_error(place_of_value(key, value), "`" + name + "` of executor '" + entry.name +
                                                          "' is " + type_of(value) +
                                                          ", but must be a single value.");
    }
    if (name == "kind" && entry.kind_place.empty()) {
      entry.kind = value.Scalar();
      entry.kind_place = place(value);
    } else {
      entry.settings.push_back({name, value.Scalar(), place(key), place(value)});
    }
    return absl::OkStatus();
  }

  static absl::Status merge_key(const Place& place) {
    return config_error(place,
                        "the merge key `<<` is not read. Write the keys out; an anchor for a whole "
                        "executor (`a: &a {...}`, `b: *a`) works.");
  }

  const std::string source_;
  ExecutorConfig config_;
};

// The file of the same folder whose name is nearest, as a question; "" where none is near.
std::string did_you_mean_file(const std::filesystem::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  const std::string nearest = nearest_spelling(path.filename().string(), names);
  if (nearest.empty() || nearest == path.filename()) return "";
  return " Did you mean '" + (path.parent_path() / nearest).string() + "'?";
}

absl::Status unreadable(const std::string& path, int error) {
  std::error_code ignored;
  const std::filesystem::path given(path);
  const std::string from =
      given.is_absolute()
          ? ""
          : ", looked for in '" + std::filesystem::current_path(ignored).string() + "'";
  return absl::InvalidArgumentError("drydock: cannot read the configuration of executors '" + path +
                                    "'" + from + ": " + std::strerror(error) + "." +
                                    (error == ENOENT ? did_you_mean_file(given) : ""));
}

}  // namespace

absl::StatusOr<ExecutorConfig> parse_executor_yaml(std::string_view text,
                                                   const std::string& source) {
  return Parser(source).parse(text);
}

absl::StatusOr<ExecutorConfig> read_executor_yaml(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  // A folder opens, and fails when it is read.
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file && !file.eof()) return unreadable(path, errno);
  return parse_executor_yaml(text.str(), path);
}

}  // namespace drydock::internal
