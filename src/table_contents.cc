#include "src/table_contents.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/sql_failure.h"

namespace drydock::internal {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

// For each table its name as messages print it, its name as SQL takes it, whether it is too large,
// and its primary key. (A table without a page has no row.)
constexpr char kTables[] =
    "SELECT c.oid::pg_catalog.regclass, pg_catalog.format('%I.%I', n.nspname, c.relname), "
    "pg_catalog.pg_table_size(c.oid) > 1048576, "
    "(SELECT pg_catalog.string_agg(pg_catalog.format('drydock_row.%I', a.attname), ', ' "
    "ORDER BY k.place) "
    "FROM pg_catalog.pg_index i "
    "CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (number, place) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number "
    "WHERE i.indrelid = c.oid AND i.indisprimary) "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' "
    "AND n.nspname !~ '^pg_' AND pg_catalog.pg_relation_size(c.oid) > 0";

// The columns of a row of `kTables`.
constexpr int kName = 0, kQualifiedName = 1, kTooLarge = 2, kPrimaryKey = 3;

// Of many rows the first few say what the rest would.
constexpr std::size_t kMostListed = 3;
constexpr std::size_t kLongestRow = 120;

Result query(Connection& connection, const std::string& sql) {
  PGconn* const raw = connection.raw();
  Result result(raw == nullptr ? nullptr : PQexec(raw, sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) throw_sql_failure(raw, result.get(), sql);
  return result;
}

// The rows of one table: its number in the list, the key, the row or the checksum.
std::string select_rows(const PGresult* tables, int number) {
  const std::string from =
      std::string(" FROM ONLY ") + PQgetvalue(tables, number, kQualifiedName) + " AS drydock_row";
  const std::string place = "SELECT " + std::to_string(number) + ", ";
  if (*PQgetvalue(tables, number, kTooLarge) == 't') {
    return place +
           "NULL, pg_catalog.count(*) || ' rows, checksum ' || coalesce("
           "pg_catalog.sum(pg_catalog.hashtextextended(drydock_row::text, 0)), 0)" +
           from;
  }
  const std::string key =
      PQgetisnull(tables, number, kPrimaryKey) != 0
          ? "''"
          : std::string("ROW(") + PQgetvalue(tables, number, kPrimaryKey) + ")::pg_catalog.text";
  return place + key + ", drydock_row::pg_catalog.text" + from;
}

std::string shorten(const std::string& row) {
  if (row.size() <= kLongestRow) return row;
  std::size_t end = kLongestRow;
  // Not in the middle of a character.
  while (end > 0 && (static_cast<unsigned char>(row[end]) & 0xC0U) == 0x80U) --end;
  return row.substr(0, end) + "…";
}

// "; 2 rows deleted: (1,a), (2,b)".
std::string list(const char* what, const std::vector<std::string>& rows) {
  if (rows.empty()) return "";
  std::string text =
      "; " + std::to_string(rows.size()) + (rows.size() == 1 ? " row " : " rows ") + what;
  for (std::size_t i = 0; i < rows.size() && i < kMostListed; ++i) {
    text += (i == 0 ? ": " : ", ") + rows[i];
  }
  if (rows.size() > kMostListed) {
    text += " and " + std::to_string(rows.size() - kMostListed) + " more";
  }
  return text;
}

}  // namespace

TableContents TableContents::read(Connection& connection) {
  TableContents contents;
  const Result tables = query(connection, kTables);
  std::string sql;
  for (int number = 0; number < PQntuples(tables.get()); ++number) {
    sql += (number == 0 ? "" : " UNION ALL ") + select_rows(tables.get(), number);
  }
  if (sql.empty()) return contents;
  const Result rows = query(connection, sql);
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    const int number = std::stoi(PQgetvalue(rows.get(), row, 0));
    Table& table = contents.tables_[PQgetvalue(tables.get(), number, kName)];
    const std::string text = PQgetvalue(rows.get(), row, 2);
    if (PQgetisnull(rows.get(), row, 1) != 0) {
      table.checksum = text;
    } else {
      table.rows.push_back({PQgetvalue(rows.get(), row, 1), text});
    }
  }
  for (auto& [name, table] : contents.tables_) std::sort(table.rows.begin(), table.rows.end());
  return contents;
}

std::string TableContents::describe(const std::string& name, const Table& before,
                                    const Table& after) {
  if (before.checksum != after.checksum) {
    const auto size = [](const Table& table) {
      return table.checksum.empty() ? std::to_string(table.rows.size()) + " rows" : table.checksum;
    };
    return "table " + name + ", too large to list its rows: " + size(before) + ", then " +
           size(after);
  }
  std::vector<Row> gone, come;
  std::set_difference(before.rows.begin(), before.rows.end(), after.rows.begin(), after.rows.end(),
                      std::back_inserter(gone));
  std::set_difference(after.rows.begin(), after.rows.end(), before.rows.begin(), before.rows.end(),
                      std::back_inserter(come));
  std::vector<std::string> inserted, updated, deleted;
  for (const Row& row : gone) {
    const auto same = std::find_if(come.begin(), come.end(), [&](const Row& other) {
      return !row.key.empty() && other.key == row.key;
    });
    if (same == come.end()) {
      deleted.push_back(shorten(row.text));
    } else {
      updated.push_back(shorten(row.text) + " to " + shorten(same->text));
      come.erase(same);
    }
  }
  for (const Row& row : come) inserted.push_back(shorten(row.text));
  const std::string changes =
      list("inserted", inserted) + list("updated", updated) + list("deleted", deleted);
  return changes.empty() ? "" : "table " + name + ":" + changes.substr(1);
}

std::vector<std::string> TableContents::changes_since(const TableContents& before) const {
  const Table none;
  const auto table = [&](const TableContents& contents, const std::string& name) -> const Table& {
    const auto found = contents.tables_.find(name);
    return found == contents.tables_.end() ? none : found->second;
  };
  std::map<std::string, Table> all = tables_;
  all.insert(before.tables_.begin(), before.tables_.end());
  std::vector<std::string> changes;
  for (const auto& [name, ignored] : all) {
    std::string change = describe(name, table(before, name), table(*this, name));
    if (!change.empty()) changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace drydock::internal
