// Databases that belong to a process and are dropped when it has ended, whoever does it.
//
// The owner's name is in the server: a session advisory lock whose number is in the database's
// name. It is taken before the database is made, on a connection that stays open, so that the
// server itself ends it when the process dies. A database with such a name and without its lock has
// no owner.
#ifndef DRYDOCK_SRC_OWNED_DATABASE_H_
#define DRYDOCK_SRC_OWNED_DATABASE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/admin_connection.h"

namespace drydock::internal {

// drydock_<middle>_<8 hexadecimal digits>, and its lock taken on `admin`.
absl::StatusOr<std::string> claim_database_name(AdminConnection& admin, std::string_view middle);

// Takes the lock of a name that is owned already, on a new session: that which held it has ended.
absl::Status claim_again(AdminConnection& admin, const std::string& name);

// Gives the lock back: the database is gone, or has another name.
absl::Status release_database_name(AdminConnection& admin, const std::string& name);

// CREATE DATABASE as a copy of `template_name`. `by_files`: in the way that is the faster one on a
// server of our own, and would burden one that others use (it makes checkpoints).
absl::Status create_database(AdminConnection& admin, const std::string& name,
                             const std::string& template_name, bool by_files);

// Waits until nobody is connected to it, for a second at most. A backend ends a moment after its
// client, and CREATE, ALTER and DROP DATABASE would wait 0.1 s for it.
void wait_until_unused(AdminConnection& admin, const std::string& name);

// With the connections to it. Not there: that is fine.
absl::Status drop_database(AdminConnection& admin, const std::string& name);

// Drops up to `at_most` databases whose owners have died. Failures are left to the next process.
void drop_abandoned_databases(AdminConnection& admin, int at_most);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_OWNED_DATABASE_H_
