#include "src/template_database.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "src/notice_board.h"
#include "src/owned_database.h"
#include "src/schema_loader.h"
#include "src/stable_hash.h"

namespace drydock::internal {
namespace {

constexpr char kPrefix[] = "drydock_template_";
// Takes part in the hash: to be changed when templates are made in another way.
constexpr char kFormat[] = "3";
constexpr char kDuplicateDatabase[] = "42P04";

absl::StatusOr<bool> exists(AdminConnection& admin, const std::string& name) {
  const auto rows = admin.query("SELECT FROM pg_database WHERE datname = $1", {name});
  if (!rows.ok()) return rows.status();
  return !rows->empty();
}

absl::Status load(DatabaseServer& server, const SchemaSource& source, const std::string& name) {
  absl::StatusOr<AdminConnection> connection = AdminConnection::open(server.admin.uri_of(name), "");
  if (!connection.ok()) return connection.status();
  // Before any function of the schema is bound to it. Who is no superuser does without.
  absl::Status replaced = connection->run("BEGIN");
  for (const char* statement : kReplacePgNotify) {
    if (replaced.ok()) replaced = connection->run(statement);
  }
  if (absl::Status ended = connection->run(replaced.ok() ? "COMMIT" : "ROLLBACK"); !ended.ok()) {
    return ended;
  }
  return load_schema(*connection, source);
}

// Makes it under a name of ours, and renames it when it is complete.
absl::Status build(DatabaseServer& server, const SchemaSource& source, const std::string& name) {
  AdminConnection& admin = server.admin;
  const absl::StatusOr<std::string> building =
      claim_database_name(admin, absl::StrCat("building_", name.substr(sizeof(kPrefix) - 1)));
  if (!building.ok()) return building.status();
  const absl::Cleanup release = [&] { release_database_name(admin, *building).IgnoreError(); };

  // Not template1, which each machine has its own things in, and to which others may connect.
  absl::Status status = create_database(admin, *building, "template0", server.is_ours);
  if (!status.ok()) return status;
  if (!source.empty()) {
    std::fprintf(stderr, "drydock: loading the schema into %s (once)\n", name.c_str());
    status = load(server, source, *building);
    wait_until_unused(admin, *building);
  }
  const std::string alter = absl::StrCat("ALTER DATABASE ", quoted_name(*building));
  if (status.ok()) status = admin.run(absl::StrCat(alter, " ALLOW_CONNECTIONS false"));
  if (status.ok()) status = admin.run(absl::StrCat(alter, " RENAME TO ", quoted_name(name)));
  if (status.ok()) return status;
  drop_database(admin, *building).IgnoreError();
  // Somebody who uses another maintenance database, and so another lock, was first.
  return sqlstate(status) == kDuplicateDatabase ? absl::OkStatus() : status;
}

}  // namespace

std::string template_database_name(const DatabaseServer& server, const SchemaSource& source) {
  StableHash hash;
  hash.add(kFormat).add(absl::StrCat(server.admin.server_version())).add(server.admin.user());
  for (const SchemaText& text : source) {
    hash.add(text.text);
    if (text.is_command) hash.add("command").add(text.key);
  }
  return kPrefix + hash.hex();
}

absl::Status ensure_template_database(DatabaseServer& server, const SchemaSource& source,
                                      const std::string& name) {
  AdminConnection& admin = server.admin;
  absl::StatusOr<bool> is_there = exists(admin, name);
  if (!is_there.ok() || *is_there) return is_there.status();
  const std::vector<std::string> lock = {name};
  if (const auto locked = admin.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", lock);
      !locked.ok()) {
    return locked.status();
  }
  is_there = exists(admin, name);
  absl::Status status = is_there.status();
  if (status.ok() && !*is_there) status = build(server, source, name);
  admin.query("SELECT pg_advisory_unlock(hashtextextended($1, 0))", lock).status().IgnoreError();
  return status;
}

}  // namespace drydock::internal
