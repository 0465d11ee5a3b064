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
  if (!sql.empty()) source.push_back({.name = path, .sql = std::move(sql)});
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

}  // namespace

absl::StatusOr<SchemaSource> read_schema(const TestDatabaseOptions& options) {
  SchemaSource source;
  std::vector<std::string> entries = options.schema_files;
  const char* variable = std::getenv("DRYDOCK_SCHEMA");
  const bool from_environment =
      entries.empty() && options.schema_sql.empty() && variable != nullptr && *variable != '\0';
  if (from_environment) entries = {variable};
  for (const std::string& entry : entries) {
    if (absl::Status status = read_entry(entry, source); !status.ok()) {
      if (!from_environment) return status;
      return absl::Status(status.code(),
                          absl::StrCat(status.message(), " DRYDOCK_SCHEMA names it."));
    }
  }
  if (!options.schema_sql.empty()) {
    source.push_back({.name = "schema_sql", .sql = options.schema_sql});
  }
  return source;
}

}  // namespace drydock::internal
