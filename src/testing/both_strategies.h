// DRYDOCK_STRATEGY=both: each test runs under both strategies, and fails where they differ.
#ifndef DRYDOCK_SRC_TESTING_BOTH_STRATEGIES_H_
#define DRYDOCK_SRC_TESTING_BOTH_STRATEGIES_H_

#include <string>
#include <vector>

namespace drydock::internal {

// Whether DRYDOCK_STRATEGY says so.
bool both_strategies_wanted();

// "file.cc:31\nmessage", of each failure so far of the test that is running now.
std::vector<std::string> failures_of_this_test();

// Runs the test that is running now, "Suite.name", once more: in a process of its own, as this one
// was started, under `Strategy::kClone`. Returns an empty text where it ends as it did here, and
// else what to tell: with the output of that process where one passes and the other fails, and with
// the failures that only one of them has where both fail. `here`: the failures under
// `kTransaction`.
std::string compare_with_clone(const std::string& test, const std::vector<std::string>& here);

// In the process of the second run: tells the other one of its failures. Elsewhere it does nothing.
void tell_failures(const std::vector<std::string>& failures);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_BOTH_STRATEGIES_H_
