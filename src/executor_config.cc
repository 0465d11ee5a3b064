#include "src/executor_config.h"

#include <algorithm>
#include <optional>
#include <set>
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

constexpr char kOverrides[] =
    "name=kind, and a comma between two of them, as in \"mail=deferred,default=inline\", or *=kind "
    "for all executors";

// "mail = inline" as its two words; none where it is something else.
std::optional<std::pair<std::string, std::string>> parse_override(const std::string& part) {
  const std::vector<std::string> sides = absl::StrSplit(part, '=');
  std::string name(absl::StripAsciiWhitespace(sides.front()));
  std::string kind(absl::StripAsciiWhitespace(sides.back()));
  if (sides.size() != 2 || name.empty() || kind.empty()) return std::nullopt;
  return std::pair(std::move(name), std::move(kind));
}

// Empty for a text of spaces.
std::vector<std::string> split_overrides(const std::string& overrides) {
  if (absl::StripAsciiWhitespace(overrides).empty()) return {};
  return absl::StrSplit(overrides, ',');
}

// Changes kinds by one text of overrides.
class Overriding {
 public:
  Overriding(ExecutorConfig& config, const std::string& origin)
      : config_(config), origin_(origin) {}

  absl::Status apply(const std::string& part) {
    const Place place = origin_ + ", entry " + std::to_string(++number_) + " ('" + part + "')";
    const auto parsed = parse_override(part);
    if (!parsed) {
      return config_error(place, std::string("this is no override. Write ") + kOverrides + ".");
    }
    const auto& [name, kind] = *parsed;
    if (!seen_.insert(name).second) {
      return config_error(place, "there is an entry for '" + name + "' before. Leave one out.");
    }
    bool found = false;
    for (ExecutorEntry& entry : config_.entries) {
      // What is said of one executor goes before what is said of all.
      if (name == "*" ? seen_.count(entry.name) > 0 : entry.name != name) continue;
      found = true;
      entry.kind = kind;
      entry.kind_place = place;
      entry.overridden = true;
    }
    if (found || name == "*") return absl::OkStatus();
    return config_error(place, "there is no executor '" + name + "'." +
                                   did_you_mean(name, config_.names()) +
                                   " Executors: " + comma_separated(config_.names()) + ".");
  }

 private:
  ExecutorConfig& config_;
  const std::string& origin_;
  int number_ = 0;
  std::set<std::string> seen_;
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

absl::Status add_entry(ExecutorConfig& config, ExecutorEntry entry) {
  if (entry.name.empty() || entry.name.find_first_of(",=* \t\n") != std::string::npos) {
    return config_error(entry.place, "the name of an executor is '" + entry.name +
                                         "', but must be a word without a space and without any "
                                         "of \",=*\", which DRYDOCK_EXECUTOR gives a meaning.");
  }
  if (const ExecutorEntry* first = config.find(entry.name)) {
    return config_error(entry.place, "there are two executors '" + entry.name +
                                         "'; the first is at " + first->place +
                                         ". Give one of them another name.");
  }
  for (auto setting = entry.settings.begin(); setting != entry.settings.end(); ++setting) {
    const bool twice =
        setting->key == "kind" || std::any_of(entry.settings.begin(), setting,
                                              [&](const auto& s) { return s.key == setting->key; });
    if (twice) {
      return config_error(setting->key_place, "executor '" + entry.name + "' has `" + setting->key +
                                                  "` twice. Leave one out.");
    }
  }
  config.entries.push_back(std::move(entry));
  return absl::OkStatus();
}

absl::Status override_kinds(ExecutorConfig& config, const std::string& overrides,
                            const std::string& origin) {
  Overriding overriding(config, origin);
  for (const std::string& part : split_overrides(overrides)) {
    if (absl::Status status = overriding.apply(part); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string demand_of_overrides(const std::string& overrides) {
  for (const std::string& part : split_overrides(overrides)) {
    if (!parse_override(part)) return kOverrides;
  }
  return "";
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
