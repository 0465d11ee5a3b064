// error: drydock: a drydock::Task is awaited in a coroutine whose promise has no abandon(): return
// drydock::Task<T>, or see drydock/coroutine.h
#include "drydock/coroutine.h"

struct Forgetful {
  struct promise_type {
    Forgetful get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

drydock::Task<int> count_users();
Forgetful report() { co_await count_users(); }
