// error: drydock: co_await drydock::schedule(...) stands in a coroutine whose promise has no
// abandon(): return drydock::Task<T>, or see drydock/coroutine.h
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

Forgetful greet(drydock::Executor& executor) { co_await drydock::schedule(executor); }
