// What a `transact` may ask for beyond the defaults.
//
//   database.transact({.isolation = Isolation::kSerializable, .max_attempts = 3}, body);
#ifndef DRYDOCK_TRANSACTION_OPTIONS_H_
#define DRYDOCK_TRANSACTION_OPTIONS_H_

namespace drydock {

enum class Isolation { kReadCommitted, kRepeatableRead, kSerializable };

struct TransactionOptions {
  Isolation isolation = Isolation::kReadCommitted;
  bool read_only = false;
  // How often the body may run when the server reports a serialization failure (40001) or a
  // deadlock (40P01). 1: never again. Hooks and submits of an attempt that failed are dropped. For
  // the outermost transaction; a nested one cannot be retried by itself.
  int max_attempts = 1;
};

}  // namespace drydock

#endif  // DRYDOCK_TRANSACTION_OPTIONS_H_
