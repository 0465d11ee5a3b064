// error: drydock: submit() takes a job that is called without arguments: executor.submit([=] { ...
// }), or executor.submit({.name = "..."}, [=] { ... })
#include "drydock/executor.h"

int greet_now();
void greet(drydock::Executor& executor) { executor.submit(greet_now()); }
