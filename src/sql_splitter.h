// Takes a file of SQL apart into its statements, as psql does: one at a time, so that each can
// fail, and be told about, by itself.
#ifndef DRYDOCK_SRC_SQL_SPLITTER_H_
#define DRYDOCK_SRC_SQL_SPLITTER_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace drydock::internal {

struct SqlPiece {
  enum class Kind {
    kStatement,
    // A line that starts with a backslash, which is psql's and not SQL.
    kMetaCommand,
  };
  Kind kind = Kind::kStatement;
  // Of its first word, in the whole text.
  std::size_t begin = 0;
  // Without the semicolon.
  std::string_view text;
};

class SqlSplitter {
 public:
  explicit SqlSplitter(std::string_view text) : text_(text) {}

  // Nothing at the end.
  std::optional<SqlPiece> next();

  // After COPY ... FROM stdin: the lines that follow, up to one that is \. (which is left out).
  std::string_view take_copy_data();

 private:
  void skip_space_and_comments();
  bool skip_comment();
  SqlPiece take_meta_command();
  SqlPiece take_statement();
  bool skip_quoted();
  bool skip_dollar_quoted();
  void skip_to_closing(char quote, bool backslash_escapes);
  std::string_view take_word();
  bool at(std::string_view expected) const {
    return text_.substr(here_, expected.size()) == expected;
  }

  std::string_view text_;
  std::size_t here_ = 0;
};

// Counts from 1, in characters (text is UTF-8).
struct TextPlace {
  int line = 1;
  int column = 1;
};
TextPlace place_in(std::string_view text, std::size_t offset);

// The line that has `offset`, without its end.
std::string_view line_at(std::string_view text, std::size_t offset);

// The offset of the character that is `characters` after `begin`.
std::size_t offset_of_character(std::string_view text, std::size_t begin, std::size_t characters);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SQL_SPLITTER_H_
