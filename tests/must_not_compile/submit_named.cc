// error: drydock: submit() takes a job that is called without arguments: executor.submit([=] { ...
// }), or executor.submit({.name = "..."}, [=] { ... })
#include "drydock/executor.h"

drydock::JobId greet(drydock::Executor& executor) {
  return executor.submit({.name = "greet"}, [](int) {});
}
