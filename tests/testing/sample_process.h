// Runs tests of sample_suite.cc in a process of their own, on this process's server, which outlives
// a sample that is killed.
#ifndef DRYDOCK_TESTS_TESTING_SAMPLE_PROCESS_H_
#define DRYDOCK_TESTS_TESTING_SAMPLE_PROCESS_H_

#include <sys/wait.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "drydock/local_postgres.h"

namespace drydock {

struct Outcome {
  bool passed;
  std::string output;
};

// `arguments` as the shell takes them; `strategy`: of DRYDOCK_STRATEGY. The tests run in the order
// in which they are written, also where this process has been told to shuffle its own.
inline Outcome run_sample(const std::string& filter, const std::string& strategy = "transaction",
                          const std::string& arguments = "") {
  if (std::getenv("DRYDOCK_DATABASE_URL") == nullptr) {
    ::setenv("DRYDOCK_DATABASE_URL", LocalPostgres::shared().connection_string().c_str(), 1);
  }
  const std::string command =
      "DRYDOCK_STRATEGY=" + strategy +
      " GTEST_SHUFFLE=0 tests/testing/sample_suite --gtest_filter=" + filter + " " + arguments +
      " 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start the sample suite");
  Outcome outcome;
  std::array<char, 4096> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    outcome.output.append(buffer.data(), size);
  }
  outcome.passed = ::pclose(pipe) == 0;
  return outcome;
}

}  // namespace drydock

#endif  // DRYDOCK_TESTS_TESTING_SAMPLE_PROCESS_H_
