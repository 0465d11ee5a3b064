// DRYDOCK_STRATEGY=both: each test runs under both strategies, and fails where they differ.
#ifndef DRYDOCK_SRC_TESTING_BOTH_STRATEGIES_H_
#define DRYDOCK_SRC_TESTING_BOTH_STRATEGIES_H_

#include <string>

namespace drydock::internal {

// Whether DRYDOCK_STRATEGY says so.
bool both_strategies_wanted();

// Runs the test that is running now, "Suite.name", once more: in a process of its own, as this one
// was started, under `Strategy::kClone`. Returns an empty text where it ends as it did here, and
// else what to tell, with the output of that process. `passed_here`: under `kTransaction`.
std::string compare_with_clone(const std::string& test, bool passed_here);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_BOTH_STRATEGIES_H_
