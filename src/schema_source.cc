#include "src/schema_source.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "src/schema_command.h"

namespace drydock::internal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string where_relative(const std::string& path) {
  std::error_code failed;
  if (fs::path(path).is_absolute()) return "";
  return absl::StrCat(" (relative to ", fs::current_path(failed).string(), ")");
}

absl::Status read_file(const std::string& path, SchemaSource& source) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  if (!file.is_open()) {
    const int error = errno;
    return absl::NotFoundError(absl::StrCat("Cannot read the schema file ", path,
                                            where_relative(path), ": ", std::strerror(error), "."));
  }
  std::string sql = content.str();
  if (sql.starts_with(kByteOrderMark)) sql.erase(0, kByteOrderMark.size());
  if (!sql.empty()) source.push_back({.name = path, .text = std::move(sql)});
  return absl::OkStatus();
}

absl::Status read_folder(const std::string& path, SchemaSource& source) {
  std::error_code failed;
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, failed)) {
    if (entry.path().extension() == ".sql" && !entry.is_directory(failed)) {
      files.push_back(entry.path().string());
    }
  }
  if (files.empty()) {
    return absl::NotFoundError(absl::StrCat("The schema folder ", path, where_relative(path),
                                            " has no file whose name ends with .sql."));
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    if (absl::Status status = read_file(file, source); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status read_entry(const std::string& path, SchemaSource& source) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return read_folder(path, source);
  return read_file(path, source);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What the environment says, for a program that names no schema itself.
TestDatabaseOptions options_of_environment() {
  TestDatabaseOptions options;
  if (const std::string files = variable("DRYDOCK_SCHEMA"); !files.empty()) {
    options.schema_files = {files};
  }
  options.schema_command = variable("DRYDOCK_SCHEMA_COMMAND");
  options.schema_inputs = absl::StrSplit(variable("DRYDOCK_SCHEMA_INPUTS"), ':', absl::SkipEmpty());
  options.schema_key = variable("DRYDOCK_SCHEMA_KEY");
  return options;
}

}  // namespace

absl::StatusOr<SchemaSource> read_schema(const TestDatabaseOptions& given) {
  SchemaSource source;
  const bool from_environment =
      given.schema_files.empty() && given.schema_command.empty() && given.schema_sql.empty();
  const TestDatabaseOptions options = from_environment ? options_of_environment() : given;
  for (const std::string& entry : options.schema_files) {
    if (absl::Status status = read_entry(entry, source); !status.ok()) {
      if (!from_environment) return status;
      return absl::Status(status.code(),
                          absl::StrCat(status.message(), " DRYDOCK_SCHEMA names it."));
    }
  }
  if (!options.schema_command.empty()) {
    absl::StatusOr<std::string> key = schema_command_key(options);
    if (!key.ok()) return key.status();
    source.push_back({.name = "schema_command",
                      .text = options.schema_command,
                      .is_command = true,
                      .key = *std::move(key)});
  }
  if (!options.schema_sql.empty()) {
    source.push_back({.name = "schema_sql", .text = options.schema_sql});
  }
  return source;
}

}  // namespace drydock::internal
