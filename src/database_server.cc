#include "src/database_server.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "drydock/local_postgres.h"
#include "src/postgres_uri.h"

namespace drydock::internal {
namespace {

constexpr char kMaintenanceDatabase[] = "postgres";
// Those that name a server; PGUSER and PGPASSWORD alone do not.
constexpr const char* kServerVariables[] = {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE",
                                            "PGSERVICE"};
constexpr char kValidForms[] =
    "  valid forms:\n"
    "    postgresql://user:password@host:5432/database\n"
    "    postgresql:///database?host=/var/run/postgresql\n"
    "    host=localhost port=5432 user=me password=secret dbname=postgres\n";

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::string server_variables() {
  std::vector<std::string> set;
  for (const char* name : kServerVariables) {
    if (is_set(name)) set.push_back(absl::StrCat(name, "=", std::getenv(name)));
  }
  return absl::StrJoin(set, " ");
}

// What libpq would take as the database where nothing names one is the user's name.
std::string database_for(const std::string& url) {
  if (is_set("PGDATABASE") || is_set("PGSERVICE")) return "";
  std::string database = kMaintenanceDatabase;
  PQconninfoOption* options = ::PQconninfoParse(url.c_str(), nullptr);
  for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
       ++option) {
    const std::string key = option->keyword;
    if ((key == "dbname" || key == "service") && option->val != nullptr && *option->val != '\0') {
      database = "";
    }
  }
  if (options == nullptr) database = "";
  ::PQconninfoFree(options);
  return database;
}

// The problem with a connection string that libpq cannot read; empty if it can.
std::string syntax_error(const std::string& url) {
  char* message = nullptr;
  PQconninfoOption* options = ::PQconninfoParse(url.c_str(), &message);
  std::string result = options != nullptr ? "" : message != nullptr ? message : "it cannot be read";
  ::PQconninfoFree(options);
  if (message != nullptr) ::PQfreemem(message);
  return result;
}

absl::Status refused(absl::StatusCode code, const std::string& source, const std::string& url,
                     const absl::Status& status) {
  const std::string shown = without_password(url);
  // libpq repeats parts of what it cannot read; a password must not be among them.
  const std::string reason =
      absl::StrReplaceAll(std::string(status.message()), {{url.empty() ? "\n\n" : url, shown}});
  const bool from_environment = source != "TestDatabaseOptions::url";
  return absl::Status(
      code, absl::StrCat("Cannot connect to the PostgreSQL server that ", source, " names",
                         shown.empty() ? "" : ": ", shown, "\n  ",
                         absl::StrReplaceAll(reason, {{"\n", "\n  "}}), "\n", kValidForms,
                         from_environment
                             ? "  or unset it: drydock then starts a server of its own."
                             : "  or leave it empty: drydock then starts a server of its own."));
}

absl::StatusOr<DatabaseServer> connect_to_named(const std::string& source, const std::string& url) {
  if (const std::string error = syntax_error(url); !url.empty() && !error.empty()) {
    return refused(absl::StatusCode::kInvalidArgument, source, url,
                   absl::InvalidArgumentError(error));
  }
  absl::StatusOr<AdminConnection> admin = AdminConnection::open(url, database_for(url));
  if (!admin.ok()) {
    return refused(absl::StatusCode::kUnavailable, source, url, admin.status());
  }
  return DatabaseServer{.admin = *std::move(admin), .is_ours = false};
}

absl::StatusOr<DatabaseServer> connect_to_local() {
  absl::StatusOr<LocalPostgres*> local = LocalPostgres::try_shared();
  if (!local.ok()) return local.status();
  absl::StatusOr<AdminConnection> admin = AdminConnection::open((*local)->connection_string(), "");
  if (!admin.ok()) {
    return absl::UnavailableError(
        absl::StrCat("Cannot connect to the local PostgreSQL server: ", admin.status().message()));
  }
  return DatabaseServer{.admin = *std::move(admin), .is_ours = true};
}

}  // namespace

absl::StatusOr<DatabaseServer> connect_to_server(const std::string& url) {
  if (!url.empty()) return connect_to_named("TestDatabaseOptions::url", url);
  if (is_set("DRYDOCK_DATABASE_URL")) {
    return connect_to_named("DRYDOCK_DATABASE_URL", std::getenv("DRYDOCK_DATABASE_URL"));
  }
  if (const std::string variables = server_variables(); !variables.empty()) {
    return connect_to_named(absl::StrCat("the environment (", variables, ")"), "");
  }
  return connect_to_local();
}

}  // namespace drydock::internal
