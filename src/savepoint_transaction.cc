#include "src/savepoint_transaction.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "drydock/source_location.h"
#include "drydock/transaction_errors.h"
#include "src/connection.h"

namespace drydock::internal {

SavepointTransaction::SavepointTransaction(Connection& connection, SourceLocation where)
    : TransactionName("transaction"), TransactionShell(connection.pqxx()), where_(where) {}

SavepointTransaction::~SavepointTransaction() {
  ending_ = true;
  end_shell();
}

void SavepointTransaction::end() {
  if (ended_by_body_ != nullptr) throw_ended_by_body();
  ending_ = true;
  commit();
}

void SavepointTransaction::abandon() noexcept {
  ending_ = true;
  try {
    abort();
  } catch (const std::exception&) {
    // It has ended already, in one way or another: the owner's ROLLBACK is what counts.
  }
}

void SavepointTransaction::do_commit() {
  if (ending_) return;
  ended_by_body_ = "commit()";
  throw_ended_by_body();
}

void SavepointTransaction::do_abort() {
  if (!ending_) ended_by_body_ = "abort()";
}

void SavepointTransaction::throw_ended_by_body() const {
  throw TransactionMisuseError(absl::StrCat(
      "drydock: the body of the transact at ", where_.to_string(), " called ", ended_by_body_,
      " on its transaction. Return from the body to commit, throw an exception out of "
      "it to roll back."));
}

}  // namespace drydock::internal
