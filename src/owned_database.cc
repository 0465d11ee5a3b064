#include "src/owned_database.h"

#include <cstdint>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace drydock::internal {
namespace {

// The first half of the lock's number: "dryd". The second is in the name.
constexpr int kLockClass = 0x64727964;

constexpr char kLockOfName[] = "('x' || right($1, 8))::bit(32)::int";

absl::StatusOr<std::vector<std::vector<std::string>>> try_lock(AdminConnection& admin,
                                                               const std::string& name) {
  return admin.query(
      absl::StrCat("SELECT pg_try_advisory_lock(", kLockClass, ", ", kLockOfName, ")"), {name});
}

}  // namespace

absl::StatusOr<std::string> claim_database_name(AdminConnection& admin, std::string_view middle) {
  std::random_device random;
  while (true) {
    const std::string name = absl::StrFormat("drydock_%s_%08x", std::string(middle),
                                             static_cast<std::uint32_t>(random()));
    const auto locked = try_lock(admin, name);
    if (!locked.ok()) return locked.status();
    if (locked->at(0).at(0) == "t") return name;
  }
}

absl::Status claim_again(AdminConnection& admin, const std::string& name) {
  return try_lock(admin, name).status();
}

absl::Status release_database_name(AdminConnection& admin, const std::string& name) {
  return admin
      .query(absl::StrCat("SELECT pg_advisory_unlock(", kLockClass, ", ", kLockOfName, ")"), {name})
      .status();
}

absl::Status create_database(AdminConnection& admin, const std::string& name,
                             const std::string& template_name, bool by_files) {
  // Before version 15 there is only the one way.
  const bool has_choice = admin.server_version() >= 150000;
  return admin.run(absl::StrCat("CREATE DATABASE ", quoted_name(name), " TEMPLATE ",
                                quoted_name(template_name),
                                by_files && has_choice ? " STRATEGY file_copy" : ""));
}

void wait_until_unused(AdminConnection& admin, const std::string& name) {
  const absl::Time end = absl::Now() + absl::Seconds(1);
  while (absl::Now() < end) {
    const auto users = admin.query(
        "SELECT FROM pg_stat_get_activity(NULL) a JOIN pg_database d ON d.oid = a.datid "
        "WHERE d.datname = $1 LIMIT 1",
        {name});
    if (!users.ok() || users->empty()) return;
    absl::SleepFor(absl::Milliseconds(1));
  }
}

absl::Status drop_database(AdminConnection& admin, const std::string& name) {
  return admin.run(absl::StrCat("DROP DATABASE IF EXISTS ", quoted_name(name), " WITH (FORCE)"));
}

void drop_abandoned_databases(AdminConnection& admin, int at_most) {
  // Advisory locks are per database, and processes may use different ones to make theirs: any
  // counts.
  const auto abandoned = admin.query(absl::StrCat(
      "SELECT datname FROM pg_database d WHERE datname ~ "
      "'^drydock_([0-9]+|building_[0-9a-f]{32})_[0-9a-f]{8}$' AND NOT EXISTS ("
      "SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = ",
      kLockClass,
      " AND objid = (('x00000000' || right(d.datname, 8))::bit(64)::bigint)::oid) LIMIT ",
      at_most));
  if (!abandoned.ok()) return;
  for (const std::vector<std::string>& row : *abandoned) {
    drop_database(admin, row.at(0)).IgnoreError();
  }
}

}  // namespace drydock::internal
