#include "src/schema_loader.h"

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/schema_command.h"
#include "src/sql_splitter.h"

namespace drydock::internal {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = ::PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// One file on its way into the database.
class Loading {
 public:
  Loading(AdminConnection& connection, const SchemaText& text)
      : connection_(connection), text_(text), splitter_(text.text) {}

  absl::Status run() {
    while (const std::optional<SqlPiece> piece = splitter_.next()) {
      absl::Status status = piece->kind == SqlPiece::Kind::kMetaCommand ? check_meta_command(*piece)
                                                                        : run_statement(*piece);
      if (!status.ok()) return status;
    }
    return check_end();
  }

 private:
  absl::Status check_meta_command(const SqlPiece& piece) const {
    const absl::string_view command(piece.text.data(), piece.text.size());
    // pg_dump writes these two; they mean nothing without psql.
    if (absl::StartsWith(command, "\\restrict") || absl::StartsWith(command, "\\unrestrict")) {
      return absl::OkStatus();
    }
    return failure(piece.begin,
                   "this is a command of psql, and drydock runs plain SQL only. For \\i, list the "
                   "files in order in TestDatabaseOptions::schema_files, or put them in a folder");
  }

  absl::Status run_statement(const SqlPiece& piece) {
    const std::string sql(piece.text);
    ResultPtr result(::PQexec(connection_.get(), sql.c_str()));
    if (::PQresultStatus(result.get()) == PGRES_COPY_IN) result = send_copy_data();
    switch (::PQresultStatus(result.get())) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        return absl::OkStatus();
      case PGRES_COPY_OUT:
        return failure(piece.begin, "COPY ... TO stdout has no place in a schema");
      default:
        return failed_statement(piece, result.get());
    }
  }

  ResultPtr send_copy_data() {
    PGconn* connection = connection_.get();
    const std::string_view data = splitter_.take_copy_data();
    ::PQputCopyData(connection, data.data(), static_cast<int>(data.size()));
    ::PQputCopyEnd(connection, nullptr);
    ResultPtr result(::PQgetResult(connection));
    while (const ResultPtr rest{::PQgetResult(connection)}) {
    }
    return result;
  }

  absl::Status failed_statement(const SqlPiece& piece, const PGresult* result) const {
    std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = ::PQerrorMessage(connection_.get());
    if (const std::string code = field(result, PG_DIAG_SQLSTATE); !code.empty()) {
      absl::StrAppend(&message, " (", code, ")");
    }
    std::size_t place = piece.begin;
    int position = 0;
    if (absl::SimpleAtoi(field(result, PG_DIAG_STATEMENT_POSITION), &position) && position > 0) {
      place = offset_of_character(text_.text, piece.begin, static_cast<std::size_t>(position - 1));
    }
    std::string more;
    for (const auto& [name, code] :
         {std::pair("detail", PG_DIAG_MESSAGE_DETAIL), std::pair("hint", PG_DIAG_MESSAGE_HINT),
          std::pair("context", PG_DIAG_CONTEXT)}) {
      const std::string text = field(result, code);
      if (!text.empty()) absl::StrAppend(&more, "\n  ", name, ": ", text);
    }
    return failure(place, message, more);
  }

  absl::Status check_end() const {
    if (::PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return absl::OkStatus();
    return failure(text_.text.empty() ? 0 : text_.text.size() - 1,
                   "the text ends with its transaction open: the COMMIT is missing");
  }

  absl::Status failure(std::size_t offset, const std::string& message,
                       const std::string& more = "") const {
    const TextPlace place = place_in(text_.text, offset);
    const std::string number = absl::StrCat(place.line);
    const std::string_view line = line_at(text_.text, offset);
    return absl::InvalidArgumentError(
        absl::StrCat(text_.name, ":", place.line, ":", place.column, ": ", message, "\n  ", number,
                     " | ", std::string(line), "\n  ", std::string(number.size(), ' '), " | ",
                     std::string(static_cast<std::size_t>(place.column - 1), ' '), "^", more));
  }

  AdminConnection& connection_;
  const SchemaText& text_;
  SqlSplitter splitter_;
};

}  // namespace

absl::Status load_schema(AdminConnection& connection, const SchemaSource& source) {
  for (const SchemaText& text : source) {
    // What one file sets (pg_dump empties search_path) is not for the next.
    if (absl::Status status = connection.run("DISCARD ALL"); !status.ok()) return status;
    absl::Status status = text.is_command ? run_schema_command(connection, text.text)
                                          : Loading(connection, text).run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace drydock::internal
