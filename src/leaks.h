// What comes to light when the test that it belongs to can no longer be failed for it: failures
// that nobody took, findings that nobody looked at, and what threads do that have outlived their
// test.
//
// Without a listener (drydock/testing/) each is written to stderr as it comes.
#ifndef DRYDOCK_SRC_LEAKS_H_
#define DRYDOCK_SRC_LEAKS_H_

#include <memory>
#include <string>
#include <vector>

#include "src/mutex.h"

namespace drydock::internal {

struct Leak {
  // "Suite.name"; empty where it was made outside of any test.
  std::string test;
  std::string text;
};

// Thread-safe. One a process, since a leak outlives its simulation.
class Leaks {
 public:
  using Test = std::shared_ptr<const std::string>;

  static Leaks& instance();

  // From now on leaks are kept for `take`.
  void collect();
  // The test that runs from now on; "" for none.
  void set_test(const std::string& test);
  // What a simulation keeps of the test that makes it.
  Test test() const;

  void add(const Test& test, std::string text);
  std::vector<Leak> take();

 private:
  mutable Mutex mutex_;
  bool collects_ ABSL_GUARDED_BY(mutex_) = false;
  Test test_ ABSL_GUARDED_BY(mutex_) = std::make_shared<const std::string>();
  std::vector<Leak> leaks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LEAKS_H_
