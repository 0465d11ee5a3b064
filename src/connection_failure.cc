#include "src/connection_failure.h"

#include <pqxx/pqxx>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace drydock::internal {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool may_hold_a_password(std::string_view connection_string) {
  return contains(connection_string, "password") || contains(connection_string, "@");
}

// libpq quotes the part of the string that it stumbled over, which may be the password.
std::string without_quotations(std::string_view text) {
  std::string kept;
  while (true) {
    const auto open = text.find('"');
    const auto close = open == std::string_view::npos ? open : text.find('"', open + 1);
    if (close == std::string_view::npos) break;
    const std::string_view quoted = text.substr(open, close - open + 1);
    kept.append(text.substr(0, open));
    kept.append(quoted.size() <= 3 ? quoted : "\"...\"");
    text.remove_prefix(close + 1);
  }
  return kept.append(text);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

std::string text_or(const char* text, const char* otherwise) {
  return text == nullptr || *text == '\0' ? otherwise : text;
}

// "database "app" at localhost:5432 as user "web"".
std::string describe_target(PGconn* connection) {
  const std::string host = text_or(PQhost(connection), "the default address");
  const std::string port = text_or(PQport(connection), "5432");
  const std::string address = host.front() == '/'
                                  ? absl::StrCat("socket ", host, "/.s.PGSQL.", port)
                                  : absl::StrCat(host, ":", port);
  return absl::StrCat("database \"", text_or(PQdb(connection), "?"), "\" at ", address,
                      " as user \"", text_or(PQuser(connection), "?"), "\"");
}

bool no_connection_left(std::string_view message) {  // 53300
  return contains(message, "too many clients") || contains(message, "too many connections for") ||
         contains(message, "connection slots");
}

struct Diagnosis {
  std::string what;
  std::string advice;
  bool gone = false;  // the server, or the database
};

// libpq gives no SQLSTATE for a failed connection before version 18; its text is all there is.
Diagnosis diagnose(PGconn* connection, std::string_view message) {
  const std::string database = text_or(PQdb(connection), "?");
  if (PQconnectionNeedsPassword(connection) != 0) {
    return {"the server asks for a password, and none was given",
            "Put it into the connection string, PGPASSWORD or ~/.pgpass."};
  }
  if (contains(message, "password authentication failed")) {
    return {"wrong password, or no such user",
            "Correct the user and the password in the connection string."};
  }
  if (contains(message, "database \"" + database + "\" does not exist")) {
    return {"the server has no such database",
            absl::StrCat("Create it (createdb ", database, "), or correct the name."),
            /*gone=*/true};
  }
  if (no_connection_left(message)) {
    return {"the server has no connection left to give",
            "Raise max_connections of the server, or lower PoolOptions::max_connections of its "
            "clients."};
  }
  if (contains(message, "FATAL:")) {
    return {"the server refused", "The server's own message says why."};
  }
  if (contains(message, "timeout expired")) {
    return {"nobody answered in time",
            "Check the address and the network, or raise PoolOptions::connect_timeout."};
  }
  if (contains(message, "could not translate host name")) {
    return {"no such host", "Correct the host in the connection string."};
  }
  return {"no server answers there",
          "Start PostgreSQL, or correct host and port in the connection string.",
          /*gone=*/true};
}

}  // namespace

void throw_bad_connection_string(const std::string& connection_string,
                                 std::string_view libpq_message) {
  const std::string reason = may_hold_a_password(connection_string)
                                 ? without_quotations(libpq_message)
                                 : std::string(libpq_message);
  throw pqxx::broken_connection(
      absl::StrCat("drydock: this is not a connection string: ", std::string(trimmed(reason)),
                   ".\nWrite postgresql://user:password@host:5432/database, or host=... port=... "
                   "dbname=... user=... password=..."));
}

void throw_connection_failure(PGconn* connection, std::string_view advice_where_gone) {
  const std::string message(trimmed(PQerrorMessage(connection)));
  Diagnosis diagnosis = diagnose(connection, message);
  if (diagnosis.gone && !advice_where_gone.empty()) diagnosis.advice = advice_where_gone;
  const std::string text =
      absl::StrCat("drydock: cannot connect to ", describe_target(connection), ": ", diagnosis.what,
                   ".\n", message, "\n", diagnosis.advice);
  if (no_connection_left(message)) {
    throw pqxx::too_many_connections(text);
  }
  throw pqxx::broken_connection(text);
}

}  // namespace drydock::internal
