#include "src/session_settings.h"

#include <libpq-fe.h>

#include <exception>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"

namespace drydock::internal {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct FreeMemory {
  void operator()(char* memory) const { PQfreemem(memory); }
};

// Those of the transaction itself, which end with the savepoint or cannot be set back.
bool is_of_transaction(const std::string& name) { return name.rfind("transaction_", 0) == 0; }

}  // namespace

void SessionSettings::forget() {
  left_.clear();
  committed_ = own_;
}

void SessionSettings::commit(const std::vector<SettingChange>& changes) {
  left_.clear();
  std::set<std::string> local;
  std::set<std::string> of_session;
  for (const SettingChange& change : changes) {
    if (change.name.empty()) {
      left_ =
          "see which, since its name is not in the text of the statement. It lasts until the "
          "test ends.";
    } else if (!is_of_transaction(change.name)) {
      (change.local ? local : of_session).insert(change.name);
    }
  }
  for (const std::string& name : local) {
    if (!of_session.contains(name)) undo(name);
  }
  for (const std::string& name : of_session) remember(name);
}

void SessionSettings::undo(const std::string& name) {
  const auto before = committed_.find(name);
  // set_config() to NULL is RESET.
  const std::string value = before == committed_.end() ? "NULL" : literal(before->second);
  try {
    connection_.exec_raw("SAVEPOINT drydock_settings; SELECT pg_catalog.set_config(" +
                         literal(name) + ", " + value + ", false); RELEASE drydock_settings");
  } catch (const std::exception& error) {
    left_ = "set " + name + " back. It lasts until the test ends. The server says: " +
            std::string(absl::StripTrailingAsciiWhitespace(error.what()));
    if (!connection_.healthy()) return;
    connection_.exec_raw("ROLLBACK TO drydock_settings; RELEASE drydock_settings");
  }
}

void SessionSettings::remember(const std::string& name) {
  const std::string sql = "SELECT pg_catalog.current_setting(" + literal(name) + ", true)";
  const std::unique_ptr<PGresult, ClearResult> result(PQexec(connection_.raw(), sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return;
  committed_[name] = PQgetvalue(result.get(), 0, 0);
}

std::string SessionSettings::literal(const std::string& text) {
  const std::unique_ptr<char, FreeMemory> quoted(
      PQescapeLiteral(connection_.raw(), text.data(), text.size()));
  return quoted == nullptr ? "NULL" : quoted.get();
}

}  // namespace drydock::internal
