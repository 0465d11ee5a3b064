// The kinds of executors that a program with main.cc knows: it is linked with production_kinds.cc
// or, in a program for tests, with test_kinds.cc.
#ifndef EXAMPLES_SIGNUP_KINDS_H_
#define EXAMPLES_SIGNUP_KINDS_H_

#include "drydock/executors_builder.h"

namespace signup {

// With those kinds, and no executor yet.
drydock::ExecutorsBuilder known_kinds();

}  // namespace signup

#endif  // EXAMPLES_SIGNUP_KINDS_H_
