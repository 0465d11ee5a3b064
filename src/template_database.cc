#include "src/template_database.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
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
// How long a process waits for the one that builds before it says so: most schemas load faster.
constexpr absl::Duration kSilentAtMost = absl::Seconds(1);
// Who has the lock that the session of process $1 waits for, and the database, of a name that
// begins with $2, that somebody uses.
constexpr char kBuilder[] =
    "SELECT h.pid, extract(epoch FROM a.backend_start)::bigint, "
    "(SELECT max(datname) FROM pg_stat_activity WHERE starts_with(datname, $2)) "
    "FROM pg_locks w JOIN pg_locks h USING (locktype, database, classid, objid, objsubid) "
    "JOIN pg_stat_activity a ON a.pid = h.pid "
    "WHERE w.pid = $1::int AND NOT w.granted AND h.granted AND locktype = 'advisory'";

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

// What its name begins with while it is being built.
std::string building_middle(const std::string& name) {
  return absl::StrCat("building_", name.substr(sizeof(kPrefix) - 1));
}

std::string clock_time(absl::Time time) {
  return absl::FormatTime("%H:%M:%S", time, absl::LocalTimeZone());
}

// On a connection of its own: `waiting` has a statement under way.
std::string describe_builder(AdminConnection& waiting, const std::string& name) {
  const std::string unknown = "another process builds";
  absl::StatusOr<AdminConnection> asking =
      AdminConnection::open(waiting.uri_of(::PQdb(waiting.get())), "");
  if (!asking.ok()) return unknown;
  const auto rows = asking->query(kBuilder, {absl::StrCat(waiting.server_process()),
                                             absl::StrCat("drydock_", building_middle(name), "_")});
  if (!rows.ok() || rows->empty()) return unknown;
  const std::vector<std::string>& row = rows->at(0);
  std::string text = absl::StrCat("the server's process ", row.at(0));
  std::int64_t connected = 0;
  if (absl::SimpleAtoi(row.at(1), &connected)) {
    absl::StrAppend(&text, ", connected since ", clock_time(absl::FromUnixSeconds(connected)), ",");
  }
  absl::StrAppend(&text, " builds");
  if (!row.at(2).empty()) absl::StrAppend(&text, " in ", row.at(2));
  return text;
}

absl::Status lock_template(AdminConnection& admin, const std::string& name) {
  const absl::Time since = absl::Now();
  return admin
      .query_that_waits("SELECT pg_advisory_lock(hashtextextended($1, 0))", {name}, kSilentAtMost,
                        [&] {
                          std::fprintf(stderr, "drydock: waiting since %s for %s, which %s\n",
                                       clock_time(since).c_str(), name.c_str(),
                                       describe_builder(admin, name).c_str());
                        })
      .status();
}

// Makes it under a name of ours, and renames it when it is complete.
absl::Status build(DatabaseServer& server, const SchemaSource& source, const std::string& name) {
  AdminConnection& admin = server.admin;
  const absl::StatusOr<std::string> building = claim_database_name(admin, building_middle(name));
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
  if (absl::Status locked = lock_template(admin, name); !locked.ok()) return locked;
  is_there = exists(admin, name);
  absl::Status status = is_there.status();
  if (status.ok() && !*is_there) status = build(server, source, name);
  admin.query("SELECT pg_advisory_unlock(hashtextextended($1, 0))", {name}).status().IgnoreError();
  return status;
}

}  // namespace drydock::internal
