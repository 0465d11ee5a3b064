#include "drydock/testing/init_testing.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/testing/test_flags.h"

namespace drydock {

void init_testing(int* argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + *argc);
  const absl::Status status = internal::take_flags(arguments);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    std::exit(1);
  }
  // What is left keeps its order, so that each text is found from where the last one was.
  char** next = argv;
  for (int i = 0; i < *argc; ++i) {
    const auto kept = static_cast<std::size_t>(next - argv);
    if (kept < arguments.size() && arguments[kept] == argv[i]) *next++ = argv[i];
  }
  *argc = static_cast<int>(next - argv);
  *next = nullptr;
}

}  // namespace drydock
