#include "drydock/source_location.h"

#include <ostream>
#include <string>
#include <string_view>

namespace drydock {
namespace {

std::string with_line(std::string_view file, std::uint_least32_t line) {
  std::string text;
  text.reserve(file.size() + 8);
  text.append(file);
  text.push_back(':');
  text.append(std::to_string(line));
  return text;
}

}  // namespace

std::string SourceLocation::to_string() const { return with_line(file_, line_); }

std::string SourceLocation::short_name() const {
  const std::string_view path = file_;
  return with_line(path.substr(path.rfind('/') + 1), line_);
}

std::ostream& operator<<(std::ostream& out, const SourceLocation& where) {
  return out << where.to_string();
}

}  // namespace drydock
