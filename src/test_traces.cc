#include "src/test_traces.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace drydock::internal {

TestTraces& TestTraces::instance() {
  // Threads may outlive the program's static objects.
  static auto* const traces = new TestTraces;
  return *traces;
}

void TestTraces::set_test(const std::string& test) {
  const MutexLock lock(mutex_);
  test_ = test;
  // That of a parameterized test has some.
  std::replace(test_.begin(), test_.end(), '/', '_');
  simulations_ = 0;
}

std::string TestTraces::next_path() {
  const MutexLock lock(mutex_);
  if (test_.empty()) return "";
  const char* const folder = std::getenv("DRYDOCK_TRACE");
  if (folder == nullptr || *folder == '\0') return "";
  const std::string number = ++simulations_ == 1 ? "" : "." + std::to_string(simulations_);
  return std::string(folder) + "/" + test_ + number + ".json";
}

}  // namespace drydock::internal
