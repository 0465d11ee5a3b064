// What the tests of the configuration of executors share.
#ifndef DRYDOCK_TESTS_CONFIG_FIXTURE_H_
#define DRYDOCK_TESTS_CONFIG_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "drydock/executors.h"
#include "tests/temporary_folder.h"

namespace drydock {

class ConfigTest : public ::testing::Test {
 protected:
  static std::string text_of(const absl::Status& status) { return std::string(status.message()); }
  static std::string text_of(const absl::StatusOr<Executors>& executors) {
    if (executors.ok()) return "it was accepted";
    EXPECT_EQ(executors.status().code(), absl::StatusCode::kInvalidArgument);
    return text_of(executors.status());
  }
  static std::string error_of(std::string_view yaml) { return text_of(Executors::from_yaml(yaml)); }

  // A pool, and a strand on it.
  static constexpr char kTwo[] =
      "executors:\n"
      "  default: {kind: thread_pool, threads: 2, max_queued: 50}\n"
      "  mail:    {kind: serial, on: default}\n";

  using ScopedVariable = internal::ScopedVariable;

 private:
  // The tests are not about what their caller has set.
  const ScopedVariable no_override_{"DRYDOCK_EXECUTOR", nullptr};
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_CONFIG_FIXTURE_H_
