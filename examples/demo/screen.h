// Headings, bars and colours for a terminal.
#ifndef EXAMPLES_DEMO_SCREEN_H_
#define EXAMPLES_DEMO_SCREEN_H_

#include <string>

namespace demo {

// Colours only where stdout is a terminal and NO_COLOR is not set.
std::string bold(const std::string& text);
std::string good(const std::string& text);
std::string bad(const std::string& text);

void heading(const std::string& text);

// "  label            129  ##########": the bar is in proportion to `all`, and shows at least one
// mark for anything above zero.
void bar(const std::string& label, double value, double all, const std::string& shown);

// Each line of `text`, indented.
void quote(const std::string& text);

}  // namespace demo

#endif  // EXAMPLES_DEMO_SCREEN_H_
