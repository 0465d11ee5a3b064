// What a sandbox costs: a whole test against the same statements sent raw, and a transaction in it
// against the same transaction on a connection pool.
#include <benchmark/benchmark.h>
#include <libpq-fe.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "absl/status/statusor.h"
#include "benchmarks/paired.h"
#include "drydock/deferred_executor.h"
#include "drydock/pooled_database.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"

namespace {

constexpr char kInsert[] = "INSERT INTO users (email) VALUES ('ada@example.org')";
constexpr char kSelect[] = "SELECT email FROM users WHERE id = 1";

drydock::TestDatabase open_database() {
  drydock::TestDatabaseOptions options;
  options.schema_sql =
      "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT "
      "NULL)";
  absl::StatusOr<drydock::TestDatabase> database = drydock::TestDatabase::open(options);
  if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
  return *std::move(database);
}

// libpq and nothing else.
class RawConnection {
 public:
  explicit RawConnection(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      throw std::runtime_error(PQerrorMessage(connection_.get()));
    }
  }
  void exec(const char* sql) {
    PGresult* const result = PQexec(connection_.get(), sql);
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error(PQerrorMessage(connection_.get()));
    }
  }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
};

void finish(drydock::Sandbox& sandbox) {
  const drydock::SandboxReport report = sandbox.finish();
  if (!report.status().ok()) throw std::runtime_error(std::string(report.status().message()));
}

// A test that makes its sandbox and executor, and never reaches for the database.
void empty_test_vs_raw_rollback_begin(benchmark::State& state) {
  drydock::TestDatabase database = open_database();
  RawConnection raw(database.connection_string());
  raw.exec("BEGIN");
  benchmarks::compare(
      state,
      [&] {
        drydock::Sandbox sandbox(database);
        drydock::DeferredExecutor executor(sandbox.simulation());
        finish(sandbox);
      },
      [&] { raw.exec("ROLLBACK;BEGIN"); });
}

// A test with one transact whose body sends nothing.
void empty_transact_vs_raw_rollback_begin(benchmark::State& state) {
  drydock::TestDatabase database = open_database();
  RawConnection raw(database.connection_string());
  raw.exec("BEGIN");
  benchmarks::compare(
      state,
      [&] {
        drydock::Sandbox sandbox(database);
        drydock::DeferredExecutor executor(sandbox.simulation());
        sandbox.database().transact([](drydock::Transaction&) {});
        finish(sandbox);
      },
      [&] { raw.exec("ROLLBACK;BEGIN"); });
}

// A test with one transact that asks for a constant: next to nothing but what the sandbox sends
// itself, in three round trips.
template <class Raw>
void select_test(benchmark::State& state, Raw raw) {
  drydock::TestDatabase database = open_database();
  RawConnection connection(database.connection_string());
  connection.exec("BEGIN");
  benchmarks::compare(
      state,
      [&] {
        drydock::Sandbox sandbox(database);
        drydock::DeferredExecutor executor(sandbox.simulation());
        sandbox.database().transact([](drydock::Transaction& tx) { tx->exec("SELECT 1"); });
        finish(sandbox);
      },
      [&] { raw(connection); });
}

void select_test_vs_raw_begin_select_rollback(benchmark::State& state) {
  select_test(state, [](RawConnection& raw) {
    raw.exec("ROLLBACK");
    raw.exec("BEGIN");
    raw.exec("SELECT 1");
  });
}

void select_test_vs_raw_rollback_begin(benchmark::State& state) {
  select_test(state, [](RawConnection& raw) { raw.exec("ROLLBACK;BEGIN"); });
}

void insert_test_vs_raw_begin_insert_rollback(benchmark::State& state) {
  drydock::TestDatabase database = open_database();
  RawConnection raw(database.connection_string());
  benchmarks::compare(
      state,
      [&] {
        drydock::Sandbox sandbox(database);
        drydock::DeferredExecutor executor(sandbox.simulation());
        sandbox.database().transact([](drydock::Transaction& tx) { tx->exec(kInsert); });
        finish(sandbox);
      },
      [&] {
        raw.exec("BEGIN");
        raw.exec(kInsert);
        raw.exec("ROLLBACK");
      });
}

void transact_vs_pooled(benchmark::State& state, const char* sql) {
  drydock::TestDatabase database = open_database();
  drydock::Sandbox sandbox(database);
  drydock::PooledDatabase pooled(database.connection_string(), {.max_connections = 1});
  benchmarks::compare(
      state, [&] { sandbox.database().transact([&](drydock::Transaction& tx) { tx->exec(sql); }); },
      [&] { pooled.transact([&](drydock::Transaction& tx) { tx->exec(sql); }); });
  finish(sandbox);
}

BENCHMARK(empty_test_vs_raw_rollback_begin)->Apply(benchmarks::paired);
BENCHMARK(empty_transact_vs_raw_rollback_begin)->Apply(benchmarks::paired);
BENCHMARK(select_test_vs_raw_begin_select_rollback)->Apply(benchmarks::paired);
BENCHMARK(select_test_vs_raw_rollback_begin)->Apply(benchmarks::paired);
BENCHMARK(insert_test_vs_raw_begin_insert_rollback)->Apply(benchmarks::paired);
BENCHMARK_CAPTURE(transact_vs_pooled, select, kSelect)->Apply(benchmarks::paired);
BENCHMARK_CAPTURE(transact_vs_pooled, insert, kInsert)->Apply(benchmarks::paired);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::cerr << "sandbox_benchmark: " << error.what() << "\n";
    return 1;
  }
  benchmark::Shutdown();
  return 0;
}
