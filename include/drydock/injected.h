// Failures of a commit that a test asks for, to see what the code under test makes of them.
//
//   sandbox.fail_next_commit(Injected::kSerializationFailure, {.times = 2});
//   service.transfer(...);                      // is to succeed at its third attempt
//
//   sandbox.fail_next_commit(Injected::kConnectionLost, {.job = "send_invoice"});
//
// The body of the transaction runs as ever; what it would get at its COMMIT in production it gets
// here, and the transaction is rolled back or committed as it would be there.
#ifndef DRYDOCK_INJECTED_H_
#define DRYDOCK_INJECTED_H_

#include <ostream>
#include <string>

namespace drydock {

enum class Injected {
  // `pqxx::serialization_failure` (40001); rolled back. `max_attempts` tries again.
  kSerializationFailure,
  // `pqxx::deadlock_detected` (40P01); rolled back. `max_attempts` tries again.
  kDeadlock,
  // `pqxx::broken_connection`; rolled back.
  kConnectionLost,
  // `pqxx::in_doubt_error`: the answer to the COMMIT was lost. It is committed, so that code which
  // simply does it all again does it twice. Its hooks and submits are dropped.
  kInDoubt,
  // `pqxx::in_doubt_error` too, but the COMMIT did not arrive: rolled back.
  kInDoubtRolledBack,
};

// "kSerializationFailure".
const char* to_string(Injected failure);
std::ostream& operator<<(std::ostream& out, Injected failure);

struct InjectionOptions {
  // How many commits fail, and how many of those that match are let through before.
  int times = 1;
  int skip = 0;
  // Only commits by the job with this name; empty: by any code.
  std::string job = {};
  // Only commits of the transact at this place: "signup.cc" or "signup.cc:41"; empty: of any.
  std::string transact = {};
};

}  // namespace drydock

#endif  // DRYDOCK_INJECTED_H_
