// Sequences as a fresh copy of the template has them.
#ifndef DRYDOCK_SRC_SEQUENCE_RESTART_H_
#define DRYDOCK_SRC_SEQUENCE_RESTART_H_

#include <string>

namespace drydock::internal {

// Reads the sequences of the database and returns the statements that make those of a copy of it go
// on where they are now; a ROLLBACK undoes them. Empty where there are none. Throws what
// `Connection` throws.
std::string sequence_restart_sql(const std::string& connection_string);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SEQUENCE_RESTART_H_
