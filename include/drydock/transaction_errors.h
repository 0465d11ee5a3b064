// What `transact` throws of its own, beside what the body and libpqxx throw.
//
// - `TransactionAbortedError`: the body returned as if all were well, after it had caught and
// dropped
//   an SQL error. The server has already given the transaction up: nothing was written.
// - `TransactionMisuseError`: the body did something that only `transact` may do, or asked for what
// a
//   transaction cannot give. A bug in the caller.
//
//   try {
//     database.transact(...);
//   } catch (const drydock::TransactionAbortedError& error) {
//     log(error.what());                  // names the transact's file and line
//   }
#ifndef DRYDOCK_TRANSACTION_ERRORS_H_
#define DRYDOCK_TRANSACTION_ERRORS_H_

#include <stdexcept>

namespace drydock {

class TransactionAbortedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class TransactionMisuseError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace drydock

#endif  // DRYDOCK_TRANSACTION_ERRORS_H_
