// error: drydock: the body of transact() returns a value, not a reference: what it refers to may be
// gone after the commit
#include <string>

#include "drydock/database.h"

std::string name_of_user(drydock::Database& database, const std::string& cached) {
  const std::string& name =
      database.transact([&](drydock::Transaction&) -> const std::string& { return cached; });
  return name;
}
