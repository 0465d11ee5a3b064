#include "examples/demo/screen.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace demo {
namespace {

std::string coloured(const char* code, const std::string& text) {
  static const bool colours = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return colours ? std::string("\033[") + code + "m" + text + "\033[0m" : text;
}

}  // namespace

std::string bold(const std::string& text) { return coloured("1", text); }
std::string good(const std::string& text) { return coloured("32", text); }
std::string bad(const std::string& text) { return coloured("31", text); }

void heading(const std::string& text) {
  std::cout << "\n" << bold(text) << "\n" << std::string(text.size(), '-') << std::endl;
}

void bar(const std::string& label, double value, double all, const std::string& shown) {
  constexpr double kWidth = 36;
  int marks = static_cast<int>(std::lround(kWidth * value / all));
  if (value > 0) marks = std::max(marks, 1);
  std::cout << "  " << std::left << std::setw(34) << label << std::right << std::setw(12) << shown
            << (marks > 0 ? "  " : "") << std::string(marks, '#') << std::endl;
}

void quote(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) std::cout << "    " << line << "\n";
}

}  // namespace demo
