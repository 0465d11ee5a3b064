// What belongs to the session: cursors, settings, prepared statements, temporary tables, locks,
// COPY.

#include <pqxx/pqxx>
#include <string>
#include <tuple>
#include <vector>

#include "tests/fidelity_row.h"

namespace drydock {
namespace {

std::string copy_in_and_out(Database& database) {
  database.transact([](Transaction& tx) {
    pqxx::stream_to stream(tx.sql(), "t");
    stream << std::make_tuple(1, "a") << std::make_tuple(2, "b\tc");
    stream.complete();
  });
  return database.transact([](Transaction& tx) {
    pqxx::stream_from stream(tx.sql(), "t");
    std::string seen;
    for (std::tuple<int, std::string> row; stream >> row;) {
      seen += std::to_string(std::get<0>(row)) + std::get<1>(row) + ",";
    }
    stream.complete();
    return seen;
  });
}

std::string failed_copy(Database& database) {
  std::string seen;
  try {
    database.transact([](Transaction& tx) {
      pqxx::stream_to stream(tx.sql(), "t");
      stream << std::make_tuple("no number", "a");
      stream.complete();
    });
  } catch (const std::exception&) {
    seen = "failed,";
  }
  return seen + database.transact([](Transaction& tx) {
    return tx->exec1("SELECT count(*) FROM t")[0].as<std::string>();
  });
}

std::string prepared_by_libpqxx(Database& database) {
  database.transact(
      [](Transaction& tx) { tx->conn().prepare("add", "INSERT INTO t VALUES ($1)"); });
  database.transact([](Transaction& tx) { tx->exec_prepared("add", 1); });
  try {
    database.transact([](Transaction& tx) {
      tx->exec_prepared("add", 2);
      tx->exec_prepared("add", 1);
    });
  } catch (const pqxx::unique_violation&) {
  }
  return database.transact([](Transaction& tx) {
    tx->exec_prepared("add", 3);
    return tx->exec1("SELECT string_agg(id::text, ',' ORDER BY id) FROM t")[0].as<std::string>();
  });
}

}  // namespace

std::vector<FidelityRow> session_rows() {
  const std::string own_locks =
      "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
      "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
  return {
      {"cursor",
       {{"DECLARE c SCROLL CURSOR FOR SELECT generate_series(1, 5)", "FETCH 2 FROM c",
         "MOVE BACKWARD 1 IN c", "FETCH c", "CLOSE c", "?FETCH c"}}},
      {"cursor after the commit", {{"DECLARE c CURSOR FOR SELECT 1"}, {"FETCH c"}}},
      {"cursor after a nested rollback",
       {{"{", "DECLARE c CURSOR FOR SELECT 1", "throw", "}", "?FETCH c"}}},
      {"two cursors with one name",
       {{"DECLARE c CURSOR FOR SELECT 1", "?DECLARE c CURSOR FOR SELECT 2"},
        {"DECLARE c CURSOR FOR SELECT 3", "FETCH c"}}},
      {"close all", {{"DECLARE c CURSOR FOR SELECT 1", "CLOSE ALL", "?FETCH c"}, {"SELECT 1"}}},
      {"cursor with hold after the commit",
       {{"DECLARE c CURSOR WITH HOLD FOR SELECT 1"}, {"FETCH c", "CLOSE c"}},
       true},
      {"copy in and out", {}, false, copy_in_and_out},
      {"copy that fails", {}, false, failed_copy},
      {"prepared statement",
       {{"PREPARE p AS SELECT $1::int + 1"},
        {"EXECUTE p (1)"},
        {"DEALLOCATE p"},
        {"EXECUTE p (1)"}}},
      {"prepared statement of a rolled back transaction",
       {{"PREPARE p AS SELECT 1", "throw"}, {"EXECUTE p"}}},
      {"prepared statement of libpqxx", {}, false, prepared_by_libpqxx},
      {"temporary table",
       {{"CREATE TEMP TABLE mine (id int)"},
        {"INSERT INTO mine VALUES (1)"},
        {"SELECT * FROM mine"}}},
      {"temporary table that is rolled back",
       {{"CREATE TEMP TABLE mine (id int)", "throw"}, {"SELECT * FROM mine"}}},
      {"temporary table in the place of another",
       {{"CREATE TEMP TABLE t (mine int)"},
        {"SELECT count(mine) FROM t"},
        {"DROP TABLE t"},
        {"SELECT count(v) FROM t"}}},
      {"temporary table on commit drop",
       {{"CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT 1", "SELECT * FROM mine"},
        {"SELECT * FROM mine"}},
       true},
      {"temporary table on commit delete rows",
       {{"CREATE TEMP TABLE mine (id int) ON COMMIT DELETE ROWS", "INSERT INTO mine VALUES (1)"},
        {"SELECT * FROM mine"}},
       true},
      {"set",
       {{"SET work_mem = '1MB'"},
        {"SHOW work_mem"},
        {"RESET work_mem"},
        {"SELECT current_setting('work_mem') <> '1MB'"}}},
      {"set that is rolled back",
       {{"SET work_mem = '1MB'", "throw"}, {"SELECT current_setting('work_mem') <> '1MB'"}}},
      {"set local",
       {{"SET LOCAL work_mem = '1MB'", "SHOW work_mem"},
        {"SELECT current_setting('work_mem') <> '1MB'"}}},
      {"set local over set",
       {{"SET work_mem = '1MB'"}, {"SET LOCAL work_mem = '2MB'"}, {"SHOW work_mem"}}},
      {"set local in a nested transaction",
       {{"{", "SET LOCAL work_mem = '1MB'", "}", "SHOW work_mem"},
        {"SELECT current_setting('work_mem') <> '1MB'"}}},
      {"set local search path",
       {{"SET LOCAL search_path = pg_catalog", "?SELECT * FROM t"}, {"SELECT * FROM t"}}},
      {"set local role",
       {{"SET LOCAL ROLE pg_monitor", "SELECT current_user", "?SELECT * FROM t"},
        {"SELECT current_user = session_user"}}},
      {"set local time zone",
       {{"SET LOCAL TIME ZONE 'Asia/Tokyo'", "SHOW timezone"},
        {"SELECT current_setting('timezone') <> 'Asia/Tokyo'"}}},
      {"set_config for the transaction",
       {{"SELECT set_config('app.tenant', 'ada', true)"},
        {"SELECT current_setting('app.tenant', true)"}}},
      {"set_config for the session",
       {{"SELECT set_config('app.tenant', 'ada', false)"},
        {"SELECT current_setting('app.tenant', true)"}}},
      {"set_config for the transaction, inside a function",
       {{"SELECT set_tenant()"}, {"SELECT current_setting('app.tenant', true)"}},
       true},
      {"lock timeout of the session", {{"SHOW lock_timeout"}}, true},
      {"lock timeout of a transaction", {{"SET LOCAL lock_timeout = '7s'", "SHOW lock_timeout"}}},
      {"lock timeout set for the session",
       {{"SET lock_timeout = '7s'"},
        {"SHOW lock_timeout"},
        {"SET LOCAL lock_timeout = '8s'"},
        {"SHOW lock_timeout"}}},
      {"lock timeout set back",
       {{"RESET lock_timeout", "SHOW lock_timeout"}, {"SHOW lock_timeout"}}},
      {"default of read only", {{"SHOW default_transaction_read_only"}}, true},
      {"unknown setting", {{"SHOW app.nothing"}, {"SELECT current_setting('app.nothing', true)"}}},
      {"advisory lock of the session",
       {{"SELECT pg_advisory_lock(1)"},
        {own_locks},
        {"SELECT pg_advisory_unlock(1)"},
        {own_locks}}},
      {"advisory lock of the session after a rollback",
       {{"SELECT pg_advisory_lock(1)", "throw"}, {own_locks}, {"SELECT pg_advisory_unlock_all()"}}},
      {"advisory lock of the transaction",
       {{"SELECT pg_advisory_xact_lock(1)", own_locks}, {"SELECT pg_try_advisory_xact_lock(1)"}}},
      {"advisory lock of the transaction after a rollback",
       {{"SELECT pg_advisory_xact_lock(1)", "throw"}, {own_locks}}},
      {"advisory lock of the transaction after the commit",
       {{"SELECT pg_advisory_xact_lock(1)"}, {own_locks}},
       true},
      {"listen", {{"LISTEN mail"}, {"SELECT pg_listening_channels()"}, {"UNLISTEN *"}}, true},
  };
}

}  // namespace drydock
