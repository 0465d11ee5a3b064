#include "src/executor_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
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
    YAML::Node root;
    try {
      root = YAML::Load(std::string(text));
    } catch (const YAML::Exception& error) {
      return config_error(place(error.mark), "this is no YAML: " + error.msg + ".");
    }
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

  absl::Status parse_root(const YAML::Node& root) {
    if (!root.IsMap()) {
      return config_error(place(root), "there is no map `executors` here; the text is " +
                                           type_of(root) + ". " + kExample);
    }
    bool found = false;
    for (const auto& pair : root) {
      const YAML::Node& key = pair.first;
      const YAML::Node& value = pair.second;
      if (!key.IsScalar() || key.Scalar() != "executors") {
        const std::string name = key.IsScalar() ? key.Scalar() : type_of(key);
        return config_error(place(key), "unknown key '" + name + "'." +
                                            did_you_mean(name, {"executors"}) +
                                            " Valid keys: executors.");
      }
      if (std::exchange(found, true))
        return config_error(place(key), "`executors` stands here twice.");
      if (absl::Status status = parse_executors(value); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status parse_executors(const YAML::Node& executors) {
    if (!executors.IsMap() || executors.size() == 0) {
      const std::string what = executors.IsMap() ? "empty" : type_of(executors);
      return config_error(place(executors), "`executors` is " + what +
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
    if (!name.IsScalar() || name.Scalar().empty()) {
      return config_error(place(name),
                          "the name of an executor is " + type_of(name) + ", but must be a word.");
    }
    if (const ExecutorEntry* first = config_.find(name.Scalar())) {
      return config_error(place(name), "there are two executors '" + name.Scalar() +
                                           "'; the first is at " + first->place +
                                           ". Give one of them another name.");
    }
    if (!body.IsMap()) {
      return config_error(place(body), "executor '" + name.Scalar() + "' is " + type_of(body) +
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
    config_.entries.push_back(std::move(entry));
    return absl::OkStatus();
  }

  absl::Status parse_setting(const YAML::Node& key, const YAML::Node& value, ExecutorEntry& entry) {
    const std::string name = key.IsScalar() ? key.Scalar() : type_of(key);
    const bool twice = name == "kind" ? !entry.kind_place.empty() : entry.find(name) != nullptr;
    if (twice) {
      return config_error(place(key),
                          "executor '" + entry.name + "' has `" + name + "` twice. Leave one out.");
    }
    if (!value.IsScalar()) {
      return config_error(place(value), "`" + name + "` of executor '" + entry.name + "' is " +
                                            type_of(value) + ", but must be a single value.");
    }
    if (name == "kind") {
      entry.kind = value.Scalar();
      entry.kind_place = place(value);
    } else {
      entry.settings.push_back({name, value.Scalar(), place(key), place(value)});
    }
    return absl::OkStatus();
  }

  const std::string source_;
  ExecutorConfig config_;
};

// Depth first along `on`; `path` is what led here.
absl::Status make_after_base(const ExecutorConfig& config, const ExecutorEntry& entry,
                             std::vector<const ExecutorEntry*>& path,
                             std::vector<const ExecutorEntry*>& made) {
  if (std::find(made.begin(), made.end(), &entry) != made.end()) return absl::OkStatus();
  const auto seen = std::find(path.begin(), path.end(), &entry);
  if (seen != path.end()) {
    std::string circle;
    for (auto step = seen; step != path.end(); ++step) circle += (*step)->name + " -> ";
    return config_error(entry.find("on")->value_place,
                        "these executors stand on each other in a circle: " + circle + entry.name +
                            ". Let one of them stand on a thread_pool.");
  }
  if (const ExecutorSetting* on = entry.find("on")) {
    path.push_back(&entry);
    absl::Status status = make_after_base(config, *config.find(on->value), path, made);
    path.pop_back();
    if (!status.ok()) return status;
  }
  made.push_back(&entry);
  return absl::OkStatus();
}

}  // namespace

const ExecutorSetting* ExecutorEntry::find(std::string_view key) const {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [key](const auto& setting) { return setting.key == key; });
  return found == settings.end() ? nullptr : &*found;
}

const ExecutorEntry* ExecutorConfig::find(std::string_view name) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [name](const auto& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<std::string> ExecutorConfig::names() const {
  std::vector<std::string> names;
  for (const ExecutorEntry& entry : entries) names.push_back(entry.name);
  return names;
}

absl::Status config_error(const Place& place, const std::string& text) {
  return absl::InvalidArgumentError("drydock: " + place + ": " + text);
}

absl::StatusOr<ExecutorConfig> parse_executor_config(std::string_view text,
                                                     const std::string& source) {
  return Parser(source).parse(text);
}

absl::Status override_kinds(ExecutorConfig& config, std::string_view overrides,
                            const std::string& origin) {
  const std::string text(overrides);
  if (text.empty()) return absl::OkStatus();
  int number = 0;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(text, ','))) {
    const Place place = origin + ", entry " + std::to_string(++number) + " ('" + part + "')";
    const std::vector<std::string> sides = absl::StrSplit(part, '=');
    if (sides.size() != 2 || sides[0].empty() || sides[1].empty()) {
      return config_error(place,
                          "this is no override. Write name=kind, and a comma between two "
                          "of them, as in \"mail=deferred,default=inline\".");
    }
    const std::string name(absl::StripAsciiWhitespace(sides[0]));
    const auto entry = std::find_if(config.entries.begin(), config.entries.end(),
                                    [&](const ExecutorEntry& e) { return e.name == name; });
    if (entry == config.entries.end()) {
      return config_error(place, "there is no executor '" + name + "'." +
                                     did_you_mean(name, config.names()) +
                                     " Executors: " + comma_separated(config.names()) + ".");
    }
    entry->kind = std::string(absl::StripAsciiWhitespace(sides[1]));
    entry->kind_place = place;
    entry->overridden = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<const ExecutorEntry*>> in_order_of_making(const ExecutorConfig& config) {
  std::vector<const ExecutorEntry*> made;
  for (const ExecutorEntry& entry : config.entries) {
    std::vector<const ExecutorEntry*> path;
    if (absl::Status status = make_after_base(config, entry, path, made); !status.ok()) {
      return status;
    }
  }
  return made;
}

}  // namespace drydock::internal
