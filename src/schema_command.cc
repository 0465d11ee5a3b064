#include "src/schema_command.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "src/postgres_uri.h"
#include "src/stable_hash.h"

namespace drydock::internal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownOutput = 4000;

absl::Status add_file(const std::string& path, StableHash& hash) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  if (!file.is_open()) {
    const int error = errno;
    return absl::NotFoundError(absl::StrCat(
        "Cannot read ", path,
        ", which schema_inputs or DRYDOCK_SCHEMA_INPUTS names: ", std::strerror(error), "."));
  }
  hash.add(path).add(content.str());
  return absl::OkStatus();
}

absl::Status add_input(const std::string& path, StableHash& hash) {
  std::error_code failed;
  if (!fs::is_directory(path, failed)) return add_file(path, hash);
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path, failed)) {
    if (!entry.is_directory(failed)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    if (absl::Status status = add_file(file, hash); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// This process's environment, with the variables of libpq as `connection` has them.
std::vector<std::string> environment_for(AdminConnection& connection) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  PQconninfoOption* const options = ::PQconninfo(connection.get());
  const absl::Cleanup free_options = [options] { ::PQconninfoFree(options); };
  for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
       ++option) {
    if (option->envvar == nullptr) continue;
    variables.erase(option->envvar);
    if (option->val != nullptr && *option->val != '\0') variables[option->envvar] = option->val;
  }
  variables["DATABASE_URL"] = connection.uri_of(::PQdb(connection.get()));
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(absl::StrCat(name, "=", value));
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string how_it_ended(int status) {
  if (!WIFSIGNALED(status)) return absl::StrCat("exit code ", WEXITSTATUS(status));
  return absl::StrCat("ended by signal ", WTERMSIG(status), ", ", ::strsignal(WTERMSIG(status)));
}

// The end of what `file` holds, indented.
std::string shown_output(std::FILE* file) {
  std::string text;
  char buffer[4096];
  std::rewind(file);
  while (const std::size_t count = std::fread(buffer, 1, sizeof(buffer), file)) {
    text.append(buffer, count);
    if (text.size() > 2 * kShownOutput) text.erase(0, text.size() - kShownOutput);
  }
  text = std::string(absl::StripTrailingAsciiWhitespace(text));
  if (text.empty()) return "  It printed nothing.";
  if (text.size() > kShownOutput) text = "..." + text.substr(text.size() - kShownOutput);
  return absl::StrCat("  It printed:\n    ", absl::StrReplaceAll(text, {{"\n", "\n    "}}));
}

}  // namespace

absl::StatusOr<std::string> schema_command_key(const TestDatabaseOptions& options) {
  if (!options.schema_key.empty()) return options.schema_key;
  if (options.schema_inputs.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "The schema is made by the command '", options.schema_command,
        "', and nothing says when its result changes, so that an old schema would be used for "
        "ever. Name the files and folders that it reads in TestDatabaseOptions::schema_inputs "
        "(DRYDOCK_SCHEMA_INPUTS), or give a schema_key (DRYDOCK_SCHEMA_KEY)."));
  }
  StableHash hash;
  for (const std::string& path : options.schema_inputs) {
    if (absl::Status status = add_input(path, hash); !status.ok()) return status;
  }
  return hash.hex();
}

absl::Status run_schema_command(AdminConnection& connection, const std::string& command) {
  struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  const std::unique_ptr<std::FILE, Close> output(std::tmpfile());
  if (output == nullptr) return absl::ErrnoToStatus(errno, "cannot make a temporary file");
  std::vector<std::string> arguments = {"/bin/sh", "-c", command};
  std::vector<std::string> environment = environment_for(connection);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const absl::Cleanup destroy = [&] { posix_spawn_file_actions_destroy(&actions); };
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(output.get()), 1);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(output.get()), 2);
  std::fprintf(stderr, "drydock: making the schema (once): %s\n", command.c_str());
  pid_t child = 0;
  if (const int error = ::posix_spawn(&child, "/bin/sh", &actions, nullptr,
                                      pointers(arguments).data(), pointers(environment).data());
      error != 0) {
    return absl::ErrnoToStatus(error, "cannot run /bin/sh for the schema command");
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "cannot wait for the schema command");
  }
  if (status == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("The command that makes the schema failed: ", how_it_ended(status), ".\n  ",
                   command, "\n", shown_output(output.get()),
                   "\n  To run it by hand: set DATABASE_URL, or PGHOST, PGPORT, PGUSER and "
                   "PGDATABASE, to an empty database."));
}

}  // namespace drydock::internal
