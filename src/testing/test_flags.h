// The one place where the flags of a test program are read: each is another spelling of an
// environment variable, which the layers below look at.
//
// To add one, add a line to the table in test_flags.cc.
#ifndef DRYDOCK_SRC_TESTING_TEST_FLAGS_H_
#define DRYDOCK_SRC_TESTING_TEST_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace drydock::internal {

// Takes `--drydock_…=value` out of `arguments` and sets their variables. `InvalidArgument`, naming
// the flag, its value and the valid ones, for the first that is not as it must be; no variable is
// set then. Not thread-safe: before the tests start.
absl::Status take_flags(std::vector<std::string>& arguments);

// What `take_flags` said of this process's command line, which is read before main().
const absl::Status& flags_of_this_program();

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_TEST_FLAGS_H_
