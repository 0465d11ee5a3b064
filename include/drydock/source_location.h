// A place in the source, as messages name it: the file and line of a `submit` or a `transact`.
//
// Every public call that submits work or opens a transaction takes one as its last argument,
// defaulted to the caller's own place:
//
//   void log_here(drydock::SourceLocation where = drydock::SourceLocation::current()) {
//     std::cerr << where.to_string() << "\n";      // "src/signup.cc:41"
//   }
//
// A wrapper that submits for others takes one too and passes it on, so that messages name its
// caller. `std::source_location` would do, but clang 14 with libstdc++ 12 cannot compile it.
#ifndef DRYDOCK_SOURCE_LOCATION_H_
#define DRYDOCK_SOURCE_LOCATION_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace drydock {

// A value of two words; copies freely. The file name is a string literal of the compiler's and
// lives as long as the program.
class SourceLocation {
 public:
  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          std::uint_least32_t line = __builtin_LINE()) {
    return SourceLocation(file, line);
  }

  constexpr SourceLocation() = default;

  // The path as the compiler was given it.
  constexpr const char* file_name() const { return file_; }
  constexpr std::uint_least32_t line() const { return line_; }

  // "src/signup.cc:41": the whole path, for messages.
  std::string to_string() const;
  // "signup.cc:41": the last part of the path, the default name of a job.
  std::string short_name() const;

  friend constexpr bool operator==(const SourceLocation& a, const SourceLocation& b) {
    return a.line_ == b.line_ && std::string_view(a.file_) == b.file_;
  }
  friend std::ostream& operator<<(std::ostream& out, const SourceLocation& where);

 private:
  constexpr SourceLocation(const char* file, std::uint_least32_t line) : file_(file), line_(line) {}

  const char* file_ = "";
  std::uint_least32_t line_ = 0;
};

}  // namespace drydock

#endif  // DRYDOCK_SOURCE_LOCATION_H_
