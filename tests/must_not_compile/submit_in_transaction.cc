// error: drydock: submit() takes a job that is called without arguments: tx.submit(executor, {.name
// = "..."}, [=] { ... })
#include "drydock/transaction.h"

void greet(drydock::Transaction& tx, drydock::Executor& executor) {
  tx.submit(executor, {.name = "greet"}, [](int) {});
}
