#include "src/postgres_binaries.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/stable_hash.h"

namespace drydock::internal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrograms[] = {"postgres", "initdb"};

// The first program that `folder` lacks, or null.
const char* missing_program(const std::string& folder) {
  for (const char* program : kPrograms) {
    if (::access(absl::StrCat(folder, "/", program).c_str(), X_OK) != 0) return program;
  }
  return nullptr;
}

std::string real_path(const std::string& path) {
  std::error_code failed;
  const fs::path real = fs::canonical(path, failed);
  return failed ? path : real.string();
}

// The 15 of /usr/lib/postgresql/15/bin.
std::optional<int> debian_version(const std::string& bin_folder, const std::string& debian_folder) {
  const fs::path version_folder = fs::path(bin_folder).parent_path();
  int version = 0;
  if (version_folder.parent_path() != fs::path(debian_folder)) return std::nullopt;
  if (!absl::SimpleAtoi(version_folder.filename().string(), &version)) return std::nullopt;
  return version;
}

PostgresBinaries binaries_in(const std::string& folder, const PostgresSearch& search) {
  const std::string real = real_path(folder);
  const std::optional<int> version = debian_version(real, search.debian_folder);
  return PostgresBinaries{
      .folder = real,
      .label = version ? absl::StrCat(*version) : StableHash().add(real).hex().substr(0, 8)};
}

std::vector<int> installed_versions(const std::string& debian_folder) {
  std::vector<int> versions;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(debian_folder, failed)) {
    int version = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &version)) versions.push_back(version);
  }
  std::sort(versions.rbegin(), versions.rend());
  return versions;
}

}  // namespace

PostgresSearch PostgresSearch::from_environment() {
  PostgresSearch search;
  if (const char* chosen = std::getenv("DRYDOCK_POSTGRES_BIN")) search.chosen = chosen;
  if (const char* path = std::getenv("PATH")) search.path = path;
  return search;
}

absl::StatusOr<PostgresBinaries> find_postgres_binaries(const PostgresSearch& search) {
  if (!search.chosen.empty()) {
    const char* missing = missing_program(search.chosen);
    if (missing == nullptr) return binaries_in(search.chosen, search);
    return absl::NotFoundError(
        absl::StrCat("DRYDOCK_POSTGRES_BIN=", search.chosen, " has no program '", missing,
                     "'. It has to name the folder that has PostgreSQL's server programs, such as "
                     "/usr/lib/postgresql/15/bin; unset it to have drydock look for them."));
  }
  for (const int version : installed_versions(search.debian_folder)) {
    const std::string folder = absl::StrCat(search.debian_folder, "/", version, "/bin");
    if (missing_program(folder) == nullptr) return binaries_in(folder, search);
  }
  for (const auto& piece : absl::StrSplit(search.path, ':', absl::SkipEmpty())) {
    // `postgres` may be a link into the folder that has the rest.
    const std::string program = absl::StrCat(piece, "/postgres");
    if (::access(program.c_str(), X_OK) != 0) continue;
    const std::string folder = fs::path(real_path(program)).parent_path().string();
    if (missing_program(folder) == nullptr) return binaries_in(folder, search);
  }
  return absl::NotFoundError(absl::StrCat("No PostgreSQL server programs (",
                                          absl::StrJoin(kPrograms, ", "),
                                          ") on this machine. "
                                          "Looked in ",
                                          search.debian_folder, "/*/bin and in PATH (", search.path,
                                          "). Install them with\n"
                                          "    apt-get install postgresql\n"
                                          "or set DRYDOCK_POSTGRES_BIN to the folder that has "
                                          "them, or DRYDOCK_DATABASE_URL to a server "
                                          "that is running already."));
}

}  // namespace drydock::internal
