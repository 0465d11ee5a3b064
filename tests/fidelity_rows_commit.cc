// What a commit does, and what lasts from one transaction to the next.

#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/deferred_executor.h"
#include "tests/fidelity_row.h"

namespace drydock {
namespace {

std::string hooks_in_order(Database& database) {
  std::string seen;
  database.transact([&](Transaction& tx) {
    tx.on_commit([&] { seen += "first,"; });
    try {
      database.transact([&](Transaction& nested) {
        nested.on_commit([&] { seen += "dropped,"; });
        throw 1;
      });
    } catch (int) {
    }
    database.transact([&](Transaction& nested) { nested.on_commit([&] { seen += "nested,"; }); });
    tx.on_commit([&] {
      database.transact([](Transaction& later) { later->exec("INSERT INTO t VALUES (1)"); });
    });
  });
  return seen + database.transact([](Transaction& tx) {
    return tx->exec1("SELECT count(*) FROM t")[0].as<std::string>();
  });
}

std::string subtransaction_of_libpqxx(Database& database) {
  return database.transact([](Transaction& tx) {
    try {
      pqxx::subtransaction nested(tx.sql(), "nested");
      nested.exec("INSERT INTO t VALUES (1)");
      nested.exec("INSERT INTO t VALUES (1)");
      nested.commit();
    } catch (const pqxx::unique_violation&) {
    }
    pqxx::subtransaction second(tx.sql(), "second");
    second.exec("INSERT INTO t VALUES (2)");
    second.commit();
    return tx->exec1("SELECT string_agg(id::text, ',') FROM t")[0].as<std::string>();
  });
}

// What one who listens to "mail" hears of the statements.
std::string heard(Database& database, const std::vector<std::string>& statements) {
  DeferredExecutor executor;
  std::string heard;
  const auto subscription = database.listen(
      "mail", executor, [&](const Notification& notification) { heard += notification.payload; });
  for (const std::string& sql : statements) {
    try {
      database.transact([&](Transaction& tx) {
        tx->exec(sql);
        if (sql.find("drop") != std::string::npos) throw std::runtime_error("no");
      });
    } catch (const std::runtime_error&) {
    }
  }
  executor.drain();
  return heard;
}

std::string notify(Database& database) {
  return heard(database, {"NOTIFY mail, 'a'", "SELECT pg_notify('mail', 'drop')",
                          "SELECT pg_notify('mail', 'b'); NOTIFY mail, 'c'; NOTIFY mail, 'c'"});
}

std::string notify_in_a_function(Database& database) {
  return heard(database, {"DO $$ BEGIN PERFORM pg_notify('mail', 'a'); END $$"});
}

std::string notify_statement_in_a_function(Database& database) {
  return heard(database, {"DO $$ BEGIN NOTIFY mail, 'a'; END $$"});
}

std::string making(const std::string& type, const std::string& last) {
  return "CREATE FUNCTION make() RETURNS " + type +
         " LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE made (id int REFERENCES parent (id) "
         "DEFERRABLE INITIALLY DEFERRED); " +
         last + " END $$";
}

}  // namespace

std::vector<FidelityRow> commit_rows() {
  const std::string count = "SELECT count(*) FROM t";
  const std::string one = "INSERT INTO t VALUES (1, 'a')";
  const std::string late = "INSERT INTO late_child VALUES (7)";
  const std::string parent = "INSERT INTO parent VALUES (7)";
  const std::string log = "SELECT line FROM log ORDER BY line";
  return {
      {"insert, update, delete",
       {{one, "UPDATE t SET v = 'b' RETURNING id, v"}, {"DELETE FROM t RETURNING v"}, {count}}},
      {"insert on conflict",
       {{one},
        {"INSERT INTO t VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET v = excluded.v"},
        {"SELECT v FROM t"}}},
      {"merge",
       {{one},
        {"MERGE INTO t USING (VALUES (1), (2)) s (id) ON s.id = t.id WHEN MATCHED THEN DELETE "
         "WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new')"},
        {"SELECT * FROM t"}}},
      {"cascading delete",
       {{parent, "INSERT INTO cascading VALUES (7)"},
        {"DELETE FROM parent"},
        {"SELECT count(*) FROM cascading"}}},
      {"deferred foreign key fails at the commit", {{late}, {"SELECT * FROM late_child"}}},
      {"deferred foreign key that is mended", {{late, parent}, {"SELECT * FROM late_child"}}},
      {"deferred foreign key, deferred again in the next transaction",
       {{late, parent},
        {"INSERT INTO late_child VALUES (8)", "INSERT INTO parent VALUES (8)"},
        {"INSERT INTO late_child VALUES (9)"}}},
      {"deferred unique constraint lets two rows swap",
       {{"INSERT INTO place VALUES (1, 1), (2, 2)"},
        {"UPDATE place SET n = 2 WHERE id = 1", "UPDATE place SET n = 1 WHERE id = 2"},
        {"SELECT * FROM place ORDER BY id"}}},
      {"deferred unique constraint fails at the commit",
       {{"INSERT INTO place VALUES (1, 1), (2, 1)", "SELECT count(*) FROM place"},
        {"SELECT count(*) FROM place"}}},
      {"set constraints immediate",
       {{late, "SET CONSTRAINTS ALL IMMEDIATE"},
        {late,
         "SET CONSTRAINTS late_child_parent_fkey "
         "IMMEDIATE"}}},
      {"set constraints deferred, for one transaction",
       {{"SET CONSTRAINTS ALL DEFERRED", "INSERT INTO maybe_late VALUES (7)", parent},
        {"?INSERT INTO maybe_late VALUES (8)"}}},
      {"deferred constraint of a nested transaction", {{"{", late, "}", parent}, {late}}},
      {"deferred violation that is rolled back", {{"{", late, "throw", "}", one}, {count}}},
      {"constraint trigger fires at the commit", {{"INSERT INTO logged VALUES (1)", log}, {log}}},
      {"constraint trigger that fires another", {{"INSERT INTO logged VALUES (21)", log}, {log}}},
      {"constraint trigger that refuses",
       {{one, "INSERT INTO refused VALUES (1)", count}, {count}}},
      {"hooks and nested transactions", {}, false, hooks_in_order},
      {"subtransaction of libpqxx", {}, false, subtransaction_of_libpqxx},
      {"notify", {}, false, notify},
      {"pg_notify() in a function", {}, false, notify_in_a_function},
      {"notify as a statement in a function", {}, true, notify_statement_in_a_function},
      {"new table", {{"CREATE TABLE made (id int)"}, {"INSERT INTO made VALUES (1)"}}},
      {"new column and index",
       {{"ALTER TABLE t ADD COLUMN more int DEFAULT 5"},
        {"CREATE INDEX i ON t (more)", one},
        {"SELECT more FROM t WHERE more = 5"}}},
      {"constraint added by the test",
       {{"CREATE TABLE made (id int REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"},
        {"INSERT INTO made VALUES (3)"},
        {"SELECT * FROM made"}}},
      {"table with a deferred constraint, dropped by the test",
       {{one}, {"DROP TABLE late_child"}, {one}, {count}}},
      {"constraint made in a block",
       {{one},
        {"DO $$ BEGIN CREATE TABLE made (id int REFERENCES parent (id) DEFERRABLE INITIALLY "
         "DEFERRED); END $$"},
        {"INSERT INTO made VALUES (7)", "INSERT INTO parent VALUES (7)"},
        {"INSERT INTO made VALUES (8)", "INSERT INTO parent VALUES (8)"},
        {"INSERT INTO made VALUES (9)"},
        {"SELECT * FROM made"}}},
      {"constraint made by a function that returns nothing",
       {{making("void", "")},
        {"SELECT make()"},
        {"INSERT INTO made VALUES (7)", "INSERT INTO parent VALUES (7)"},
        {"INSERT INTO made VALUES (8)", "INSERT INTO parent VALUES (8)"},
        {"INSERT INTO made VALUES (9)"},
        {"SELECT * FROM made"}}},
      {"table with a deferred constraint, dropped by a function that returns nothing",
       {{"CREATE FUNCTION remove() RETURNS void LANGUAGE sql AS 'DROP TABLE late_child'"},
        {"SELECT remove()"},
        {one},
        {count}}},
      {"constraint made by a function that returns a value",
       {{making("int", "RETURN 1;")},
        {"SELECT make()"},
        {"INSERT INTO made VALUES (7)", "INSERT INTO parent VALUES (7)"},
        {"INSERT INTO made VALUES (8)", "INSERT INTO parent VALUES (8)"}},
       true},
      {"new value of an enum", {{"ALTER TYPE mood ADD VALUE 'sad'"}, {"SELECT 'sad'::mood"}}, true},
      {"large object",
       {{"SELECT lo_from_bytea(4711, 'abc')"},
        {"SELECT lo_put(4711, 1, 'X')"},
        {"SELECT lo_get(4711)"},
        {"SELECT lo_unlink(4711)"},
        {"SELECT lo_get(4711)"}}},
      {"large object that is rolled back",
       {{"SELECT lo_from_bytea(4711, 'abc')", "throw"}, {"SELECT lo_get(4711)"}}},
      {"descriptor of a large object",
       {{"SELECT lo_from_bytea(4711, 'abc')", "SELECT lo_open(4711, 262144)"},
        {"SELECT loread(0, 3)"}},
       true},
      {"lock of a table", {{"LOCK TABLE t IN ACCESS EXCLUSIVE MODE", one}, {count}}},
      {"row locks", {{one}, {"SELECT id FROM t FOR UPDATE SKIP LOCKED"}, {"DELETE FROM t"}}},
      {"sequence after a rollback",
       {{"SELECT nextval('numbered_id_seq')", "throw"}, {"SELECT nextval('numbered_id_seq')"}}},
      {"currval and lastval of the session",
       {{"SELECT nextval('numbered_id_seq')"}, {"SELECT currval('numbered_id_seq'), lastval()"}}},
      {"restart of a sequence, rolled back",
       {{"ALTER SEQUENCE numbered_id_seq RESTART WITH 50", "SELECT nextval('numbered_id_seq')",
         "throw"},
        {"SELECT nextval('numbered_id_seq')"}}},
      {"now() inside a transaction",
       {{"SELECT now() = statement_timestamp()", "SELECT now() = now()"}}},
      {"now() from one transaction to the next",
       {{"INSERT INTO t SELECT 1, now()::text"}, {"SELECT v = now()::text FROM t"}},
       true},
      {"clock_timestamp()",
       {{"INSERT INTO t SELECT 1, clock_timestamp()::text"},
        {"SELECT v::timestamptz < clock_timestamp() FROM t"}}},
      {"transaction id",
       {{"INSERT INTO t SELECT 1, txid_current()::text"},
        {"SELECT v = txid_current()::text FROM t"}},
       true},
      {"exported snapshot", {{"SELECT length(pg_export_snapshot()) > 0"}}, true},
      {"isolation level", {{"@serializable", "SHOW transaction_isolation"}}, true},
      {"set transaction isolation level",
       {{"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1"}},
       true},
  };
}

}  // namespace drydock
