// What the tests of coroutines share, drydock's and asio's: an executor that the test steps
// through, and pieces that write down where they run.
#ifndef DRYDOCK_TESTS_STEPPING_FIXTURE_H_
#define DRYDOCK_TESTS_STEPPING_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>

#include "drydock/current_job.h"
#include "drydock/deferred_executor.h"
#include "tests/job_gate.h"

namespace drydock {

class SteppingTest : public ::testing::Test {
 protected:
  // "<what> in <name of the job>".
  void note(const std::string& what) {
    log_.add(what + " in " + (current_job() ? current_job()->name() : "no job"));
  }

  Log log_;
  DeferredExecutor executor_;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_STEPPING_FIXTURE_H_
