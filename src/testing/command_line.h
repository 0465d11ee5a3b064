// The command line of this process, for those who are not given `argv`.
#ifndef DRYDOCK_SRC_TESTING_COMMAND_LINE_H_
#define DRYDOCK_SRC_TESTING_COMMAND_LINE_H_

#include <fstream>
#include <string>
#include <vector>

namespace drydock::internal {

// As it was at the start of the program, its path first. Empty where the system does not tell.
inline std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string text; std::getline(file, text, '\0');) arguments.push_back(text);
  return arguments;
}

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_COMMAND_LINE_H_
