// How a sandbox keeps what a test writes from everybody else.
//
// - `kTransaction`: one transaction on one connection, rolled back at the end. Costs microseconds.
//   The choice for almost every test.
// - `kClone`: a database of the test's own, a copy of the template, dropped at the end. Commits are
//   real, and there are as many connections as the test wants. For what needs two transactions at a
//   time (lock waits, isolation), for statements that no transaction block takes (VACUUM, CREATE
//   INDEX CONCURRENTLY), and for code that only takes a connection string.
//
// A test says `SandboxOptions::strategy`; one that does not runs under what the environment
// variable DRYDOCK_STRATEGY says. A test whose result differs between the two depends on the
// sandbox.
#ifndef DRYDOCK_STRATEGY_H_
#define DRYDOCK_STRATEGY_H_

#include <ostream>
#include <string_view>

#include "absl/status/statusor.h"

namespace drydock {

enum class Strategy { kTransaction, kClone };

// "transaction", "clone".
const char* to_string(Strategy strategy);
std::ostream& operator<<(std::ostream& out, Strategy strategy);

// `InvalidArgument`, with the valid names, for any other text.
absl::StatusOr<Strategy> parse_strategy(std::string_view text);

// What DRYDOCK_STRATEGY says; `kTransaction` where it is unset or empty. "both" is for
// `SandboxTest`, and means `kTransaction` here.
absl::StatusOr<Strategy> strategy_of_environment();

}  // namespace drydock

#endif  // DRYDOCK_STRATEGY_H_
