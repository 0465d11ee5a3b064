#include "examples/signup/kinds.h"

namespace signup {

// Those that drydock has for production. A kind of the application's own would be registered here.
drydock::ExecutorsBuilder known_kinds() { return drydock::ExecutorsBuilder(); }

}  // namespace signup
