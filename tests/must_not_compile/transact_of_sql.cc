// error: drydock: the body of transact() takes one argument, a drydock::Transaction&:
// database.transact([&](drydock::Transaction& tx) { ... })
#include "drydock/database.h"

void rename_user(drydock::Database& database) {
  database.transact({.max_attempts = 3}, "UPDATE users SET name = 'Ada'");
}
