// error: drydock: a drydock::Task returns an object or void: return a pointer, not a reference
#include "drydock/coroutine.h"

drydock::Task<int&> first(int (&numbers)[2]) { co_return numbers[0]; }
