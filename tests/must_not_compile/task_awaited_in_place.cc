// error: drydock: a drydock::Task is awaited once, and given away by that: co_await
// std::move(task), or co_await function_that_returns_one()
#include "drydock/coroutine.h"

drydock::Task<int> count_users();
drydock::Task<void> report() {
  drydock::Task<int> users = count_users();
  co_await users;
}
