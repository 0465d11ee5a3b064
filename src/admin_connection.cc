#include "src/admin_connection.h"

#include <poll.h>

#include <cstdlib>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "src/postgres_uri.h"

namespace drydock::internal {
namespace {

constexpr char kSqlstatePayload[] = "drydock/sqlstate";
// Where the caller names none. libpq's own default is to wait for ever.
constexpr char kConnectTimeout[] = "10";

std::string trimmed(const char* message) {
  return std::string(absl::StripTrailingAsciiWhitespace(message == nullptr ? "" : message));
}

absl::Status failure_of(const PGconn* connection, const PGresult* result) {
  const char* primary = ::PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* detail = ::PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  const char* code = ::PQresultErrorField(result, PG_DIAG_SQLSTATE);
  std::string message = primary != nullptr ? primary : trimmed(::PQerrorMessage(connection));
  if (detail != nullptr) absl::StrAppend(&message, " (", detail, ")");
  const std::string state = code == nullptr ? "" : code;
  absl::Status status(state == "42501" ? absl::StatusCode::kPermissionDenied
                      : state.empty()  ? absl::StatusCode::kUnavailable
                                       : absl::StatusCode::kInternal,
                      message);
  status.SetPayload(kSqlstatePayload, absl::Cord(state));
  return status;
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> result;
  result.reserve(texts.size());
  for (const std::string& text : texts) result.push_back(text.c_str());
  return result;
}

absl::StatusOr<AdminConnection::Rows> rows_of(const PGconn* connection, const ResultPtr& result) {
  const ExecStatusType outcome = ::PQresultStatus(result.get());
  if (outcome != PGRES_TUPLES_OK && outcome != PGRES_COMMAND_OK) {
    return failure_of(connection, result.get());
  }
  AdminConnection::Rows rows;
  for (int row = 0; row < ::PQntuples(result.get()); ++row) {
    std::vector<std::string>& cells = rows.emplace_back();
    for (int column = 0; column < ::PQnfields(result.get()); ++column) {
      cells.emplace_back(::PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
}

bool is_default_passfile(const std::string& value) {
  const char* home = std::getenv("HOME");
  return home != nullptr && value == absl::StrCat(home, "/.pgpass");
}

// Whether others need to be told of this option.
bool belongs_into_uri(const PQconninfoOption& option) {
  const std::string key = option.keyword;
  const std::string value = option.val == nullptr ? "" : option.val;
  if (value.empty()) return false;
  if (key == "host" || key == "port" || key == "user") return true;
  if (option.compiled != nullptr && value == option.compiled) return false;
  if (key == "passfile" && is_default_passfile(value)) return false;
  if (key == "connect_timeout" && value == kConnectTimeout) return false;
  return key != "dbname" && key != "application_name" && key != "fallback_application_name" &&
         key != "client_encoding" && key != "service";
}

}  // namespace

absl::StatusOr<AdminConnection> AdminConnection::open(const std::string& server,
                                                      const std::string& database) {
  // Later ones win; of several dbname only the first is read as a connection string.
  const char* keywords[] = {"connect_timeout", "fallback_application_name",           "dbname",
                            "client_encoding", database.empty() ? nullptr : "dbname", nullptr};
  const char* values[] = {kConnectTimeout, "drydock",        server.c_str(),
                          "UTF8",          database.c_str(), nullptr};
  AdminConnection connection(::PQconnectdbParams(keywords, values, /*expand_dbname=*/1));
  if (::PQstatus(connection.get()) != CONNECTION_OK) {
    return absl::UnavailableError(trimmed(::PQerrorMessage(connection.get())));
  }
  ::PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  return connection;
}

absl::StatusOr<AdminConnection::Rows> AdminConnection::query(
    const std::string& sql, const std::vector<std::string>& parameters) {
  const std::vector<const char*> values = pointers(parameters);
  return rows_of(
      get(), ResultPtr(::PQexecParams(get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                      values.data(), nullptr, nullptr, 0)));
}

absl::StatusOr<AdminConnection::Rows> AdminConnection::query_that_waits(
    const std::string& sql, const std::vector<std::string>& parameters, absl::Duration patience,
    absl::FunctionRef<void()> waiting) {
  const std::vector<const char*> values = pointers(parameters);
  ResultPtr last;
  if (::PQsendQueryParams(get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 1) {
    pollfd socket = {.fd = ::PQsocket(get()), .events = POLLIN, .revents = 0};
    int timeout = static_cast<int>(absl::ToInt64Milliseconds(patience));
    while (::PQisBusy(get()) == 1) {
      const int readable = ::poll(&socket, 1, timeout);
      if (readable == 0) {
        waiting();
        timeout = -1;
      } else if (readable > 0 && ::PQconsumeInput(get()) == 0) {
        break;
      }
    }
    while (PGresult* next = ::PQgetResult(get())) last.reset(next);
  }
  return rows_of(get(), last);
}

bool AdminConnection::healthy() {
  pollfd socket = {.fd = ::PQsocket(get()), .events = POLLIN, .revents = 0};
  // One call takes the server's last words, and another one finds the end behind them.
  while (::PQstatus(get()) == CONNECTION_OK && ::poll(&socket, 1, 0) == 1) {
    if (::PQconsumeInput(get()) == 0) return false;
  }
  return ::PQstatus(get()) == CONNECTION_OK;
}

std::string AdminConnection::uri_of(std::string_view database) const {
  ConnectionParameters parameters;
  PQconninfoOption* options = ::PQconninfo(connection_.get());
  for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
       ++option) {
    if (belongs_into_uri(*option)) parameters[option->keyword] = option->val;
  }
  ::PQconninfoFree(options);
  return postgres_uri(parameters, database);
}

std::string sqlstate(const absl::Status& status) {
  const absl::optional<absl::Cord> code = status.GetPayload(kSqlstatePayload);
  return code ? std::string(*code) : "";
}

std::string quoted_name(std::string_view name) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(absl::string_view(name.data(), name.size()), {{"\"", "\"\""}}),
      "\"");
}

}  // namespace drydock::internal
