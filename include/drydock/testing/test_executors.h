// The application's own executors in a test: its configuration, with the kinds of tests.
//
//   auto executors = drydock::make_test_executors(sandbox.simulation(), {.file =
//   "executors.yaml"}); if (!executors.ok()) ... SignupService service =
//   make_signup_service(database, *executors);    // as main() does
//
// Each executor of the configuration becomes `deferred`, whatever its kind is in production, unless
// `kinds` or the environment variable DRYDOCK_EXECUTOR says otherwise. `SandboxTest` takes the same
// options and keeps the executors for the test.
#ifndef DRYDOCK_TESTING_TEST_EXECUTORS_H_
#define DRYDOCK_TESTING_TEST_EXECUTORS_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "drydock/executors.h"
#include "drydock/executors_builder.h"
#include "drydock/simulation.h"
#include "drydock/source_location.h"

namespace drydock {

// What the application's main() gives its executors: a file or a text, not both, and what it adds
// in code.
struct TestExecutorsOptions {
  std::string file = {};
  std::string yaml = {};
  // The application's part: adds executors and kinds. The kinds `inline` and `deferred` are there.
  std::function<void(ExecutorsBuilder&)> prepare = {};
  // Kinds other than `deferred`: "reports=inline,default=thread_pool".
  std::string kinds = {};
};

// All simulated ones share `simulation`, which outlives them. `where`: what messages about `kinds`
// name. Throws `MisuseError` for both a file and a text.
absl::StatusOr<Executors> make_test_executors(Simulation& simulation,
                                              const TestExecutorsOptions& options,
                                              SourceLocation where = SourceLocation::current());

}  // namespace drydock

#endif  // DRYDOCK_TESTING_TEST_EXECUTORS_H_
