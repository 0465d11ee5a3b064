#include "src/leaks.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace drydock::internal {

Leaks& Leaks::instance() {
  // Threads may outlive the program's static objects.
  static auto* const leaks = new Leaks;
  return *leaks;
}

void Leaks::collect() {
  const MutexLock lock(mutex_);
  collects_ = true;
}

void Leaks::set_test(const std::string& test) {
  auto name = std::make_shared<const std::string>(test);
  const MutexLock lock(mutex_);
  test_ = std::move(name);
}

Leaks::Test Leaks::test() const {
  const MutexLock lock(mutex_);
  return test_;
}

void Leaks::add(const Test& test, std::string text) {
  const MutexLock lock(mutex_);
  if (collects_) {
    leaks_.push_back({*test, std::move(text)});
  } else {
    const std::string line = "drydock: " + text + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

std::vector<Leak> Leaks::take() {
  const MutexLock lock(mutex_);
  return std::exchange(leaks_, {});
}

}  // namespace drydock::internal
