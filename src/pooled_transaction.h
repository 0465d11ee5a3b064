// One real transaction on a pooled connection, from BEGIN to COMMIT.
#ifndef DRYDOCK_SRC_POOLED_TRANSACTION_H_
#define DRYDOCK_SRC_POOLED_TRANSACTION_H_

#include "absl/functional/function_ref.h"
#include "drydock/source_location.h"
#include "drydock/transaction.h"
#include "drydock/transaction_options.h"
#include "src/commit_effects.h"
#include "src/connection_pool.h"

namespace drydock::internal {

// Runs `body` once. Rolls back, drops the effects and rethrows what it throws. The effects of what
// is committed are left to the caller, who returns the connection first. `database` names the
// database for nested transacts. A lease whose connection turns out to be lost at the BEGIN gets
// another one.
void run_pooled_transaction(const void* database, ConnectionPool::Lease& lease,
                            CommitEffects& effects, const TransactionOptions& options,
                            SourceLocation where, absl::FunctionRef<void(Transaction&)> body);

// Throws `std::invalid_argument` for `max_attempts` below 1.
void check_transaction_options(const TransactionOptions& options, SourceLocation where);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_POOLED_TRANSACTION_H_
