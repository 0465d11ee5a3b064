// Where the simulations of a test program leave their traces: DRYDOCK_TRACE names a folder.
#ifndef DRYDOCK_SRC_TEST_TRACES_H_
#define DRYDOCK_SRC_TEST_TRACES_H_

#include <string>

#include "src/mutex.h"

namespace drydock::internal {

// Thread-safe. One a process, as the running test is.
class TestTraces {
 public:
  static TestTraces& instance();

  // The test that runs from now on, "Suite.name"; "" for none.
  void set_test(const std::string& test);
  // For a simulation that is made now: "folder/Suite.name.json", with ".2" and so on behind the
  // name for a further one of the same test. "": it leaves none.
  std::string next_path();

 private:
  Mutex mutex_;
  std::string test_ ABSL_GUARDED_BY(mutex_);
  int simulations_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TEST_TRACES_H_
