#include "src/postgres_uri.h"

#include <cctype>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace drydock::internal {
namespace {

constexpr char kHidden[] = "***";

std::string percent_encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      result += c;
    } else {
      absl::StrAppendFormat(&result, "%%%02X", byte);
    }
  }
  return result;
}

// Takes `key` out of `parameters`, percent-encoded; empty where there is none.
std::string take(ConnectionParameters& parameters, const std::string& key) {
  const auto found = parameters.find(key);
  if (found == parameters.end()) return "";
  std::string value = percent_encoded(found->second);
  parameters.erase(found);
  return value;
}

// A name or an IPv4 address: what can stand between // and / as it is.
bool is_plain_host(const std::string& host) {
  return !host.empty() && percent_encoded(host) == host;
}

// Where the password that starts at `begin` ends.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  if (begin < text.size() && text[begin] == '\'') {
    for (std::size_t i = begin + 1; i < text.size(); ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == '\'') {
        return i + 1;
      }
    }
    return text.size();
  }
  const std::size_t end = text.find_first_of("& \t\n", begin);
  return end == std::string_view::npos ? text.size() : end;
}

std::string hide_keyword(std::string text) {
  constexpr std::string_view kKeyword = "password";
  std::size_t at = 0;
  while ((at = text.find(kKeyword, at)) != std::string::npos) {
    at += kKeyword.size();
    std::size_t value = text.find_first_not_of(" \t", at);
    if (value == std::string::npos || text[value] != '=') continue;
    value = text.find_first_not_of(" \t", value + 1);
    if (value == std::string::npos) break;
    const std::size_t end = end_of_value(text, value);
    text.replace(value, end - value, kHidden);
    at = value;
  }
  return text;
}

// The password of scheme://user:password@host.
std::string hide_in_authority(std::string text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t begin = scheme + 3;
  // A password that is not percent-encoded may have a slash or an at sign: up to the last one.
  const std::size_t at = text.rfind('@', text.find('?', begin));
  if (at == std::string::npos || at < begin) return text;
  const std::size_t colon = text.find(':', begin);
  if (colon == std::string::npos || colon > at) return text;
  return text.replace(colon + 1, at - colon - 1, kHidden);
}

}  // namespace

std::string postgres_uri(const ConnectionParameters& parameters, std::string_view database) {
  ConnectionParameters rest = parameters;
  std::string uri = "postgresql://";
  const std::string user = take(rest, "user");
  const std::string password = user.empty() ? "" : take(rest, "password");
  if (!user.empty()) {
    absl::StrAppend(&uri, user, password.empty() ? "" : absl::StrCat(":", password), "@");
  }
  const auto host = rest.find("host");
  if (host != rest.end() && is_plain_host(host->second)) {
    absl::StrAppend(&uri, take(rest, "host"));
    const std::string port = take(rest, "port");
    if (!port.empty()) absl::StrAppend(&uri, ":", port);
  }
  absl::StrAppend(&uri, "/", percent_encoded(database));
  char separator = '?';
  for (const auto& [key, value] : rest) {
    if (value.empty()) continue;
    uri += separator;
    absl::StrAppend(&uri, key, "=", percent_encoded(value));
    separator = '&';
  }
  return uri;
}

std::string without_password(std::string_view connection_string) {
  return hide_in_authority(hide_keyword(std::string(connection_string)));
}

}  // namespace drydock::internal
