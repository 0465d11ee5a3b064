#include "src/statement_watch.h"

#include <new>
#include <string_view>

namespace drydock::internal {
namespace {

constexpr char kActiveTransaction[] = "25001";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

void StatementWatch::attach(PGconn* connection) {
  if (PQregisterEventProc(connection, &on_event, "drydock", this) == 0) throw std::bad_alloc();
}

void StatementWatch::clear() {
  rollback_seen_ = false;
  cursor_declared_ = false;
  schema_changed_ = false;
  escape_.clear();
}

int StatementWatch::on_event(PGEventId event, void* info, void* self) {
  auto& watch = *static_cast<StatementWatch*>(self);
  if (event == PGEVT_RESULTCREATE && !watch.ignoring_) {
    auto* created = static_cast<PGEventResultCreate*>(info);
    watch.see(created->result, PQtransactionStatus(created->conn));
  }
  return 1;
}

// The tag ROLLBACK alone says nothing: ROLLBACK TO has it too. A failed COMMIT has it as well, and
// one that the commit guard stops has none; both show in the connection's state afterwards.
void StatementWatch::see(const PGresult* result, PGTransactionStatusType before) {
  // PQcmdStatus only reads; it lacks the const for historical reasons.
  const std::string_view seen = PQcmdStatus(const_cast<PGresult*>(result));
  if (seen.empty()) {
    const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state != nullptr && std::string_view(state) == kActiveTransaction) {
      needs_no_transaction_ = true;
    }
    return;
  }
  if (seen == "ROLLBACK") rollback_seen_ = true;
  if (seen == "DECLARE CURSOR") cursor_declared_ = true;
  if (starts_with(seen, "CREATE") || starts_with(seen, "ALTER")) schema_changed_ = true;
  const bool ends = seen == "COMMIT" || seen == "PREPARE TRANSACTION" || seen == "COMMIT PREPARED";
  const bool begins = seen == "BEGIN" || seen == "START TRANSACTION";
  if (escape_.empty() && (ends || (begins && before == PQTRANS_IDLE))) escape_ = seen;
}

}  // namespace drydock::internal
