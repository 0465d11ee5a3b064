// A database of this test process's own, with the schema loaded.
//
// The schema is loaded once, into a template database that is named after a hash of its text; each
// process then gets a copy of it, in about 10 ms. Of several processes one loads it; one that waits
// for that says so on the standard error, after a second. Two processes, or two shards of one test,
// never meet. The copy is dropped with this object; one whose process was killed is dropped by a
// later `open` of any process.
//
//   drydock::TestDatabaseOptions options;
//   options.schema_files = {"db/schema.sql", "db/migrations"};
//   absl::StatusOr<drydock::TestDatabase> database = drydock::TestDatabase::open(options);
//   if (!database.ok()) { ... database.status() says which file and line ... }
//   drydock::Sandbox sandbox(*database);
//
// A test usually does not use it directly: `SandboxTest` opens one for the whole process.
#ifndef DRYDOCK_TEST_DATABASE_H_
#define DRYDOCK_TEST_DATABASE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace drydock {
namespace internal {
class ClonePool;
class SandboxConnectionPool;
class SharedTestDatabase;
}  // namespace internal

struct TestDatabaseOptions {
  // Files of SQL, run in this order. An entry may be a folder: its *.sql files in order of their
  // names. Each statement runs by itself, as in psql; a file may have its own BEGIN and COMMIT, and
  // COPY ... FROM stdin with its data. psql's commands (\i, \set) are refused.
  // When this, `schema_command` and `schema_sql` are empty, the environment says what the schema
  // is: DRYDOCK_SCHEMA names the file or the folder; DRYDOCK_SCHEMA_COMMAND, DRYDOCK_SCHEMA_INPUTS
  // (several with a colon between them) and DRYDOCK_SCHEMA_KEY are the fields below. When all are
  // empty, so is the database.
  std::vector<std::string> schema_files = {};

  // A program that makes the schema, a migration tool for one: a command for /bin/sh, which runs
  // after the files, in the current folder. It finds the new database in libpq's variables (PGHOST,
  // PGPORT, PGUSER, PGPASSWORD, PGDATABASE, ...) and as a URI in DATABASE_URL. Whatever it prints
  // is shown where it fails. It runs once: again only when its text changes, or what follows.
  std::string schema_command = {};
  // The files and folders that decide what the command makes; of a folder, all that is in it.
  std::vector<std::string> schema_inputs = {};
  // In their place, a text that changes whenever the schema does. One of the two has to be given.
  std::string schema_key = {};

  // SQL that runs after the files and the command.
  std::string schema_sql = {};

  // The server: a URI (postgresql://user:password@host:5432/database) or libpq's key=value form.
  // Its user needs the right to create databases. When empty: the environment variable
  // DRYDOCK_DATABASE_URL, else the variables PGHOST, PGHOSTADDR, PGPORT, PGDATABASE or PGSERVICE
  // with all of libpq's others, else `LocalPostgres`.
  std::string url = {};

  // For sandboxes with `Strategy::kClone`: how many copies are kept ready at most, at least 1. One
  // of an empty schema takes 7 MB. They are made in the background, from the first such sandbox
  // on: three at first, and more as more are taken. With DRYDOCK_STRATEGY=clone they are made from
  // the start, and the first three are ready when the database has been opened.
  int clones_ahead = 8;
};

// How the sandboxes with `Strategy::kClone` got their databases, for benchmarks.
struct CloneUsage {
  int taken = 0;
  // How many of these were not ready when they were wanted, and how long they took together.
  int waited = 0;
  absl::Duration time_waited;
};

// Move-only. One thread at a time, but for the sandboxes that are made on it; any thread. In a
// child made by fork() it is dead weight: only the process that opened it drops the database.
//
// Where the session that owns the database has been killed, the next `Sandbox` takes it back. Where
// the database itself is gone, with its server or because another process dropped it meanwhile, the
// sandbox's first `transact` says so: open another one. (It is not made again here, since what the
// program itself wrote into it, and those who know its name, would not come along.) `SandboxTest`
// opens another one by itself.
class TestDatabase {
 public:
  // Unavailable: no server. NotFound: no such schema file. InvalidArgument: an error in the schema,
  // in the command that makes it, or in the URL. PermissionDenied: the user may not create
  // databases.
  static absl::StatusOr<TestDatabase> open(TestDatabaseOptions options = {});

  TestDatabase(TestDatabase&&) noexcept;
  TestDatabase& operator=(TestDatabase&&) noexcept;
  // Drops the database, with the connections that are still open to it.
  ~TestDatabase();

  // A URI to this database, with all that a client needs (password included).
  const std::string& connection_string() const;

  // drydock_<process id>_<8 hexadecimal digits>
  const std::string& name() const;

  // drydock_template_<hash>: the database that this one is a copy of. Nobody can connect to it, so
  // that it can be copied at any time.
  const std::string& template_name() const;

  CloneUsage clone_usage() const;

 private:
  friend class Sandbox;
  friend class internal::SharedTestDatabase;
  struct State;
  explicit TestDatabase(std::unique_ptr<State> state);

  // Whether the database is there, and this process's. Connects to the server again where that has
  // ended the session.
  bool alive();
  // The connections that this database's sandboxes take turns with.
  const std::shared_ptr<internal::SandboxConnectionPool>& sandbox_connections() const;
  // The databases that its sandboxes get for themselves.
  const std::shared_ptr<internal::ClonePool>& clones() const;

  std::unique_ptr<State> state_;
};

}  // namespace drydock

#endif  // DRYDOCK_TEST_DATABASE_H_
