#include "src/sql_splitter.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace drydock::internal {
namespace {

bool is_space(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }

bool starts_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_isalpha(byte) || c == '_' || byte >= 0x80;
}

bool continues_word(char c) {
  return starts_word(c) || absl::ascii_isdigit(static_cast<unsigned char>(c));
}

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Knows whether a semicolon is inside the body of CREATE FUNCTION ... BEGIN ATOMIC ...; ...; END.
class BodyTracker {
 public:
  void see(std::string_view spelled) {
    const std::string word =
        absl::AsciiStrToLower(absl::string_view(spelled.data(), spelled.size()));
    if (words_seen_ < 4) see_head(word);
    ++words_seen_;
    if (!makes_routine_) return;
    if (word == "begin" || (word == "case" && depth_ > 0)) ++depth_;
    if (word == "end" && depth_ > 0) --depth_;
  }
  bool inside() const { return depth_ > 0; }

 private:
  void see_head(const std::string& word) {
    if (words_seen_ == 0) creates_ = word == "create";
    if (creates_ && (word == "function" || word == "procedure")) makes_routine_ = true;
  }

  int words_seen_ = 0;
  int depth_ = 0;
  bool creates_ = false;
  bool makes_routine_ = false;
};

}  // namespace

std::optional<SqlPiece> SqlSplitter::next() {
  while (true) {
    skip_space_and_comments();
    if (here_ >= text_.size()) return std::nullopt;
    if (text_[here_] != ';') break;
    ++here_;
  }
  return text_[here_] == '\\' ? take_meta_command() : take_statement();
}

std::string_view SqlSplitter::take_copy_data() {
  const std::size_t line_end = text_.find('\n', here_);
  here_ = line_end == std::string_view::npos ? text_.size() : line_end + 1;
  const std::size_t begin = here_;
  while (here_ < text_.size()) {
    const std::size_t line_begin = here_;
    const std::size_t next_line = text_.find('\n', here_);
    here_ = next_line == std::string_view::npos ? text_.size() : next_line + 1;
    std::string_view line = text_.substr(line_begin, here_ - line_begin);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line == "\\.") return text_.substr(begin, line_begin - begin);
  }
  return text_.substr(begin);
}

void SqlSplitter::skip_space_and_comments() {
  while (here_ < text_.size()) {
    if (is_space(text_[here_])) {
      ++here_;
    } else if (!skip_comment()) {
      return;
    }
  }
}

// Comments of the second kind nest.
bool SqlSplitter::skip_comment() {
  if (at("--")) {
    here_ = std::min(text_.find('\n', here_), text_.size());
    return true;
  }
  if (!at("/*")) return false;
  int depth = 0;
  do {
    if (at("/*")) {
      ++depth;
      here_ += 2;
    } else if (at("*/")) {
      --depth;
      here_ += 2;
    } else {
      ++here_;
    }
  } while (depth > 0 && here_ < text_.size());
  return true;
}

SqlPiece SqlSplitter::take_meta_command() {
  const std::size_t begin = here_;
  here_ = std::min(text_.find('\n', here_), text_.size());
  std::string_view line = text_.substr(begin, here_ - begin);
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  return SqlPiece{.kind = SqlPiece::Kind::kMetaCommand, .begin = begin, .text = line};
}

SqlPiece SqlSplitter::take_statement() {
  const std::size_t begin = here_;
  BodyTracker body;
  int parentheses = 0;
  while (here_ < text_.size()) {
    const char c = text_[here_];
    if (c == ';' && parentheses <= 0 && !body.inside()) break;
    if (starts_word(c)) {
      body.see(take_word());
    } else if (!skip_comment() && !skip_quoted() && !skip_dollar_quoted()) {
      if (c == '(') ++parentheses;
      if (c == ')') --parentheses;
      ++here_;
    }
  }
  const std::string_view text = text_.substr(begin, here_ - begin);
  if (here_ < text_.size()) ++here_;
  return SqlPiece{.kind = SqlPiece::Kind::kStatement, .begin = begin, .text = text};
}

// A name, a keyword, or the E of E'...', which it takes together with the string.
std::string_view SqlSplitter::take_word() {
  const std::size_t begin = here_;
  // A dollar belongs to the word, and starts no quotation.
  while (here_ < text_.size() && (continues_word(text_[here_]) || text_[here_] == '$')) ++here_;
  const std::string_view word = text_.substr(begin, here_ - begin);
  if ((word == "E" || word == "e") && at("'")) skip_to_closing('\'', true);
  return word;
}

bool SqlSplitter::skip_quoted() {
  const char quote = text_[here_];
  if (quote != '\'' && quote != '"') return false;
  skip_to_closing(quote, false);
  return true;
}

// A doubled quote inside closes and opens again, which comes to the same.
void SqlSplitter::skip_to_closing(char quote, bool backslash_escapes) {
  for (++here_; here_ < text_.size(); ++here_) {
    if (backslash_escapes && text_[here_] == '\\') {
      ++here_;
    } else if (text_[here_] == quote) {
      ++here_;
      // Still an E string: the second half must be read as one.
      if (backslash_escapes && at(std::string_view(&quote, 1))) continue;
      return;
    }
  }
  here_ = std::min(here_, text_.size());
}

// $$...$$ or $tag$...$tag$; not $1.
bool SqlSplitter::skip_dollar_quoted() {
  if (text_[here_] != '$') return false;
  std::size_t end = here_ + 1;
  while (end < text_.size() && continues_word(text_[end])) ++end;
  const bool is_tag = end < text_.size() && text_[end] == '$' &&
                      (end == here_ + 1 || starts_word(text_[here_ + 1]));
  if (!is_tag) return false;
  const std::string_view tag = text_.substr(here_, end + 1 - here_);
  const std::size_t closing = text_.find(tag, end + 1);
  here_ = closing == std::string_view::npos ? text_.size() : closing + tag.size();
  return true;
}

TextPlace place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_end = before.rfind('\n');
  const std::size_t line_begin = line_end == std::string_view::npos ? 0 : line_end + 1;
  const std::string_view line = before.substr(line_begin);
  return TextPlace{
      .line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
      .column =
          1 + static_cast<int>(line.size() - static_cast<std::size_t>(std::count_if(
                                                 line.begin(), line.end(), is_continuation_byte)))};
}

std::string_view line_at(std::string_view text, std::size_t offset) {
  const std::size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::size_t offset_of_character(std::string_view text, std::size_t begin, std::size_t characters) {
  std::size_t offset = begin;
  while (characters > 0 && offset < text.size()) {
    ++offset;
    while (offset < text.size() && is_continuation_byte(text[offset])) ++offset;
    --characters;
  }
  return offset;
}

}  // namespace drydock::internal
