// error: drydock: the body of transact() takes one argument, a drydock::Transaction&:
// database.transact([&](drydock::Transaction& tx) { ... })
#include <pqxx/pqxx>

#include "drydock/database.h"

int count_users(drydock::Database& database) {
  const int count = database.transact(
      [](pqxx::work& tx) { return tx.exec("SELECT count(*) FROM users")[0][0].as<int>(); });
  return count;
}
