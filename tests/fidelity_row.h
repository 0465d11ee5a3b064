// One behaviour of PostgreSQL, as a script that runs under every strategy.
#ifndef DRYDOCK_TESTS_FIDELITY_ROW_H_
#define DRYDOCK_TESTS_FIDELITY_ROW_H_

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "drydock/database.h"

namespace drydock {

// The statements of one outermost transact. Besides SQL:
//   "?SQL"    the body catches the error and goes on
//   "{" "}"   a nested transact around what is between; its error is caught outside of it
//   "throw"   throws std::runtime_error out of the innermost transact
//   "@read only", "@serializable"   as the first one: the transact's options
using Body = std::vector<std::string>;

struct FidelityRow {
  std::string name;
  std::vector<Body> transactions;
  // Whether the strategies differ; docs/fidelity.md says why.
  bool differs = false;
  // In place of `transactions`, for what is no statement: returns what it saw.
  std::function<std::string(Database&)> code = {};
};

inline void PrintTo(const FidelityRow& row, std::ostream* out) { *out << row.name; }

// The tables that the rows work on.
extern const char* const kFidelitySchema;

std::vector<FidelityRow> error_rows();
std::vector<FidelityRow> commit_rows();
std::vector<FidelityRow> session_rows();

// Runs the row and returns all that its statements and transactions answered, line by line.
std::string run_row(const FidelityRow& row, Database& database);

}  // namespace drydock

#endif  // DRYDOCK_TESTS_FIDELITY_ROW_H_
