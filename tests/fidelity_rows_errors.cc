// Errors, inside the transaction and after it, and what a rollback leaves.

#include <string>
#include <vector>

#include "tests/fidelity_row.h"

namespace drydock {

std::vector<FidelityRow> error_rows() {
  const std::string count = "SELECT count(*) FROM t";
  const std::string one = "INSERT INTO t VALUES (1, 'a')";
  const std::string two = "INSERT INTO t VALUES (2, 'b')";
  return {
      {"unique violation", {{one}, {two, "INSERT INTO t VALUES (1, 'b')"}, {count}}},
      {"not null violation", {{"INSERT INTO checked VALUES (NULL)"}, {count}}},
      {"check violation", {{"INSERT INTO checked VALUES (-1)"}, {count}}},
      {"foreign key violation", {{"INSERT INTO child VALUES (7)"}, {count}}},
      {"exclusion violation",
       {{"INSERT INTO span VALUES ('[1,5)')"},
        {"INSERT INTO span VALUES ('[4,6)')"},
        {"SELECT * FROM span"}}},
      {"division by zero", {{one, "SELECT 1/0"}, {count}}},
      {"undefined table", {{"SELECT * FROM nowhere"}}},
      {"undefined column", {{"SELECT nothing FROM t"}}},
      {"undefined function", {{"SELECT nothing()"}}},
      {"syntax error", {{"SELEC 1"}, {"SELECT 1"}}},
      {"invalid text for a type", {{"SELECT 'x'::int"}}},
      {"value too long", {{"INSERT INTO checked VALUES (1, 'long')"}}},
      {"numeric overflow", {{"SELECT 2147483647::int + 1"}}},
      {"write to a generated column", {{"INSERT INTO numbered (twice) VALUES (1)"}}},
      {"error raised with a code of its own",
       {{"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'DD042'; END $$"}}},
      {"failed assertion", {{"DO $$ BEGIN ASSERT false; END $$"}}},
      {"no row where one is wanted",
       {{"DO $$ DECLARE v int; BEGIN SELECT id INTO STRICT v FROM t; END $$"}}},
      {"error caught inside the server",
       {{"DO $$ BEGIN INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); "
         "EXCEPTION WHEN unique_violation THEN INSERT INTO t VALUES (3); END $$"},
        {"SELECT id FROM t"}}},
      {"statements after an error", {{one, "?SELECT 1/0", "?SELECT 1", "?" + two}, {count}}},
      {"error in the second of two statements in one message",
       {{two}, {one + "; INSERT INTO t VALUES (2)"}, {count}}},
      {"exception of the application", {{one}, {two, "throw"}, {"SELECT id FROM t"}}},
      {"statement timeout",
       {{"SET LOCAL statement_timeout = '5ms'", "SELECT pg_sleep(10)"}, {"SELECT 1"}}},
      {"nested commit", {{one, "{", two, "}"}, {count}}},
      {"nested rollback drops its own part",
       {{one, "{", two, "throw", "}", "INSERT INTO t VALUES (3)"},
        {"SELECT id FROM t ORDER BY 1"}}},
      {"nested error that is caught outside", {{one, "{", one, "}", two}, {count}}},
      {"nested in a nested one",
       {{"{", one, "{", two, "throw", "}", "}", "INSERT INTO t VALUES (3)"},
        {"SELECT id FROM t ORDER BY 1"}}},
      {"rollback around a nested commit", {{"{", one, "}", "throw"}, {count}}},
      {"savepoint and rollback to it",
       {{one, "SAVEPOINT a", two, "ROLLBACK TO a", "INSERT INTO t VALUES (3)"},
        {"SELECT id FROM t ORDER BY 1"}}},
      {"rollback to a savepoint mends an error",
       {{one, "SAVEPOINT a", "?SELECT 1/0", "ROLLBACK TO a", two}, {count}}},
      {"release of an unknown savepoint", {{one, "RELEASE nowhere"}, {count}}},
      {"rollback to an unknown savepoint", {{one, "ROLLBACK TO nowhere"}, {count}}},
      {"savepoint of an earlier transaction", {{"SAVEPOINT a"}, {"ROLLBACK TO a"}}},
      {"vacuum", {{"VACUUM t"}, {count}}},
      {"create index concurrently", {{"CREATE INDEX CONCURRENTLY i ON t (v)"}, {count}}},
      {"create database", {{"CREATE DATABASE never_made"}, {count}}},
      {"discard all", {{"DISCARD ALL"}, {count}}},
      {"commit inside a procedure", {{"CALL commits()"}, {count}}},
      {"rollback of a truncate",
       {{one}, {"TRUNCATE t", "throw"}, {count}, {"TRUNCATE t"}, {count}}},
      {"rollback of a new table",
       {{"CREATE TABLE made (id int)", "throw"}, {"SELECT * FROM made"}}},
      {"rollback of a changed table",
       {{"ALTER TABLE t ADD COLUMN more int", "throw"}, {"SELECT more FROM t"}}},
      {"begin inside a transaction", {{"BEGIN", one}, {count}}},
      {"read only", {{"@read only", count, one}, {one}, {count}}},
      {"read only and nextval", {{"@read only", "SELECT nextval('numbered_id_seq')"}}},
      {"read only and row locks", {{"@read only", "SELECT * FROM t FOR UPDATE"}}},
      {"read only and temporary tables",
       {{"CREATE TEMP TABLE mine (id int)"}, {"@read only", "INSERT INTO mine VALUES (1)"}}},
      {"read only and new tables", {{"@read only", "CREATE TABLE made (id int)"}}},
      {"set transaction read only", {{"SET TRANSACTION READ ONLY", "?" + one}, {one}, {count}}},
      {"read write after read only",
       {{"@read only", "SET TRANSACTION READ WRITE", one}, {count}},
       true},
  };
}

}  // namespace drydock
