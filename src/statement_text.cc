#include "src/statement_text.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/sql_splitter.h"

namespace drydock::internal {
namespace {

struct Token {
  enum Kind { kWord, kQuotedName, kString, kSymbol };
  Kind kind;
  std::string text;  // a word in lower case; what is quoted without its quotes

  bool is_word(std::string_view word) const { return kind == kWord && text == word; }
  bool is_symbol(char symbol) const { return kind == kSymbol && text[0] == symbol; }
  bool is_name() const { return kind == kWord || kind == kQuotedName; }
};

bool starts_word(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}
bool continues_word(char c) {
  return starts_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$';
}

// Takes one statement apart; what it does not know becomes symbols, which match nothing.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (here_ < text_.size()) {
      if (std::optional<Token> token = next()) tokens.push_back(*std::move(token));
    }
    return tokens;
  }

 private:
  char at(std::size_t ahead = 0) const {
    return here_ + ahead < text_.size() ? text_[here_ + ahead] : '\0';
  }

  std::optional<Token> next() {
    const char c = at();
    if (std::isspace(static_cast<unsigned char>(c)) != 0) return skip(1);
    if (c == '-' && at(1) == '-') return skip_past("\n");
    if (c == '/' && at(1) == '*') return skip_past("*/");
    if ((c == 'e' || c == 'E') && at(1) == '\'') {
      ++here_;
      return Token{Token::kString, quoted('\'', true)};
    }
    if (c == '\'') return Token{Token::kString, quoted('\'', false)};
    if (c == '"') return Token{Token::kQuotedName, quoted('"', false)};
    if (c == '$') return dollar_quoted();
    if (starts_word(c)) return word();
    ++here_;
    return Token{Token::kSymbol, std::string(1, c)};
  }

  std::nullopt_t skip(std::size_t count) {
    here_ += count;
    return std::nullopt;
  }
  std::nullopt_t skip_past(std::string_view end) {
    const std::size_t found = text_.find(end, here_ + 2);
    here_ = found == std::string_view::npos ? text_.size() : found + end.size();
    return std::nullopt;
  }

  Token word() {
    Token token{Token::kWord, ""};
    while (here_ < text_.size() && continues_word(at())) {
      token.text += static_cast<char>(std::tolower(static_cast<unsigned char>(at())));
      ++here_;
    }
    return token;
  }

  static char unescaped(char c) {
    switch (c) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      default:
        return c;
    }
  }

  std::string quoted(char quote, bool escapes) {
    std::string text;
    for (++here_; here_ < text_.size(); ++here_) {
      if (at() == quote) {
        if (at(1) != quote) break;
        ++here_;
      } else if (escapes && at() == '\\' && here_ + 1 < text_.size()) {
        ++here_;
        text += unescaped(at());
        continue;
      }
      text += at();
    }
    ++here_;
    return text;
  }

  // $tag$text$tag$, or a parameter, $1.
  Token dollar_quoted() {
    const std::size_t end = text_.find('$', here_ + 1);
    const std::string_view tag = text_.substr(here_, end - here_ + 1);
    const std::size_t close = end == std::string_view::npos || std::isdigit(at(1)) != 0
                                  ? std::string_view::npos
                                  : text_.find(tag, end + 1);
    if (close == std::string_view::npos) {
      ++here_;
      return Token{Token::kSymbol, "$"};
    }
    Token token{Token::kString, std::string(text_.substr(end + 1, close - end - 1))};
    here_ = close + tag.size();
    return token;
  }

  std::string_view text_;
  std::size_t here_ = 0;
};

template <class Look>
void for_each_statement(std::string_view sql, Look look) {
  SqlSplitter splitter(sql);
  while (const std::optional<SqlPiece> piece = splitter.next()) look(Lexer(piece->text).run());
}

bool calls_set_config(const std::vector<Token>& tokens, std::size_t at) {
  return at + 1 < tokens.size() && tokens[at].is_word("set_config") &&
         tokens[at + 1].is_symbol('(');
}

// app.user, "App"."User".
std::string name_at(const std::vector<Token>& tokens, std::size_t from) {
  std::string name;
  for (std::size_t i = from; i < tokens.size() && tokens[i].is_name(); i += 2) {
    name += (name.empty() ? "" : ".") + tokens[i].text;
    if (i + 1 >= tokens.size() || !tokens[i + 1].is_symbol('.')) break;
  }
  return name;
}

std::optional<SettingChange> set_statement(const std::vector<Token>& tokens) {
  if (tokens.size() < 3 || !tokens[0].is_word("set")) return std::nullopt;
  const bool local = tokens[1].is_word("local");
  std::size_t name = local ? 2 : 1;
  const auto word = [&](std::size_t i, std::string_view text) {
    return i < tokens.size() && tokens[i].is_word(text);
  };
  if (word(name, "session")) {
    if (word(name + 1, "authorization")) return SettingChange{"session_authorization", local};
    if (word(name + 1, "characteristics")) return std::nullopt;
    ++name;
  }
  if (word(name, "constraints") || word(name, "transaction")) return std::nullopt;
  if (word(name, "time") && word(name + 1, "zone")) return SettingChange{"TimeZone", local};
  if (word(name, "names")) return SettingChange{"client_encoding", local};
  if (word(name, "schema")) return SettingChange{"search_path", local};
  if (word(name, "xml") && word(name + 1, "option")) return SettingChange{"xmloption", local};
  return SettingChange{name_at(tokens, name), local};
}

// Its name stands whole before these.
bool has_value(const std::vector<Token>& tokens) {
  return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.is_symbol('=') || token.is_word("to");
  });
}

// `open`: of the parenthesis after set_config.
SettingChange set_config_call(const std::vector<Token>& tokens, std::size_t open) {
  SettingChange change{"", true};
  if (open + 1 < tokens.size() && tokens[open + 1].kind == Token::kString) {
    change.name = tokens[open + 1].text;
  }
  int depth = 0;
  int argument = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.is_symbol('(')) ++depth;
    if (token.is_symbol(')') && --depth == 0) break;
    if (token.is_symbol(',') && depth == 1) ++argument;
    const bool value = token.kind == Token::kWord || token.kind == Token::kString;
    if (argument == 2 && depth == 1 && value && !token.text.empty()) {
      const char first = token.text[0];
      if (first == 'f' || first == 'n' || first == '0' || token.text == "off") change.local = false;
    }
  }
  return change;
}

}  // namespace

std::vector<SettingChange> setting_changes(std::string_view sql, bool cut) {
  std::vector<SettingChange> changes;
  const auto look = [&](const std::vector<Token>& tokens, bool is_cut) {
    if (std::optional<SettingChange> change = set_statement(tokens)) {
      if (is_cut && !has_value(tokens)) change->name.clear();
      changes.push_back(*std::move(change));
    }
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (!calls_set_config(tokens, i)) continue;
      changes.push_back(set_config_call(tokens, i + 1));
      if (is_cut && i + 3 >= tokens.size()) changes.back().name.clear();
    }
  };
  const std::string_view whole = cut ? without_cut_statement(sql) : sql;
  for_each_statement(whole, [&](const std::vector<Token>& tokens) { look(tokens, false); });
  for_each_statement(sql.substr(whole.size()),
                     [&](const std::vector<Token>& tokens) { look(tokens, true); });
  return changes;
}

int count_setting_statements(std::string_view sql) {
  int count = 0;
  for_each_statement(sql, [&](const std::vector<Token>& tokens) {
    bool may_set =
        tokens.size() > 1 && tokens[0].is_word("set") && !tokens[1].is_word("constraints");
    for (std::size_t i = 0; i < tokens.size(); ++i)
      may_set = may_set || calls_set_config(tokens, i);
    if (may_set) ++count;
  });
  return count;
}

std::string_view without_cut_statement(std::string_view sql) {
  SqlSplitter splitter(sql);
  std::size_t begin = 0;
  while (const std::optional<SqlPiece> piece = splitter.next()) begin = piece->begin;
  return sql.substr(0, begin);
}

std::vector<Notice> notify_statements(std::string_view sql) {
  std::vector<Notice> notices;
  for_each_statement(sql, [&](const std::vector<Token>& tokens) {
    if (tokens.size() < 2 || !tokens[0].is_word("notify") || !tokens[1].is_name()) return;
    const bool has_payload = tokens.size() > 3 && tokens[2].is_symbol(',');
    notices.push_back({tokens[1].text, has_payload ? tokens[3].text : ""});
  });
  return notices;
}

std::vector<SavepointStep> savepoint_steps(std::string_view sql) {
  std::vector<SavepointStep> steps;
  for_each_statement(sql, [&](const std::vector<Token>& tokens) {
    if (tokens.size() < 2 || !tokens.back().is_name()) return;
    const auto add = [&](SavepointStep::Kind kind) { steps.push_back({kind, tokens.back().text}); };
    if (tokens[0].is_word("savepoint")) add(SavepointStep::kSet);
    if (tokens[0].is_word("release")) add(SavepointStep::kRelease);
    const bool to = std::any_of(tokens.begin(), tokens.end(),
                                [](const Token& token) { return token.is_word("to"); });
    if (tokens[0].is_word("rollback") && to) add(SavepointStep::kRollBackTo);
  });
  return steps;
}

bool ends_transaction(std::string_view sql) {
  bool found = false;
  for_each_statement(sql, [&](const std::vector<Token>& tokens) {
    if (tokens.empty()) return;
    const auto has = [&](std::string_view word) {
      return std::any_of(tokens.begin(), tokens.end(),
                         [&](const Token& token) { return token.is_word(word); });
    };
    const Token& first = tokens[0];
    const bool rolls_back = first.is_word("rollback") || first.is_word("abort");
    const bool commits = first.is_word("commit") || first.is_word("end");
    const bool prepares =
        first.is_word("prepare") && tokens.size() > 1 && tokens[1].is_word("transaction");
    if (prepares || ((rolls_back || commits) && !has("to") && !has("prepared"))) found = true;
  });
  return found;
}

}  // namespace drydock::internal
