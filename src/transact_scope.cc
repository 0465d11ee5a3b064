#include "src/transact_scope.h"

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/job_text.h"

namespace drydock::internal {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

constexpr char kNothingYet[] = ", which has sent no SQL statement yet";

// A statement may have many lines; a listing has one for it.
std::string on_one_line(std::string sql) {
  std::replace_if(
      sql.begin(), sql.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return sql;
}

// Whether it is one of drydock's, which keep to savepoints of that name.
bool is_own(std::string_view sql) {
  constexpr std::string_view kBeginnings[] = {"SAVEPOINT drydock", "RELEASE drydock",
                                              "RELEASE SAVEPOINT drydock", "ROLLBACK TO drydock",
                                              "ROLLBACK TO SAVEPOINT drydock"};
  return std::any_of(std::begin(kBeginnings), std::end(kBeginnings),
                     [sql](std::string_view beginning) { return sql.starts_with(beginning); });
}

}  // namespace

class TransactActivity final : public Activity {
 public:
  TransactActivity(std::shared_ptr<const std::string> connection_string, int backend,
                   SourceLocation where, bool begun)
      : connection_string_(std::move(connection_string)),
        backend_(backend),
        where_(where),
        begun_(begun) {}

  void note_begun(int backend) {
    backend_.store(backend, std::memory_order_relaxed);
    begun_.store(true, std::memory_order_release);
  }

  std::string describe() const noexcept override {
    try {
      return absl::StrCat("in the transact at ", where_.to_string(), " for ",
                          describe_duration(absl::FromChrono(SteadyClock::now() - since_)),
                          begun_.load(std::memory_order_acquire) ? statement() : kNothingYet);
    } catch (const std::exception&) {
      return "in a transact";
    }
  }

 private:
  using SteadyClock = std::chrono::steady_clock;

  std::string statement() const {
    try {
      return ask_server();
    } catch (const std::exception& error) {
      return absl::StrCat("; the server could not be asked for its SQL statement: ", error.what());
    }
  }

  std::string ask_server() const {
    const std::unique_ptr<Connection> connection =
        Connection::open(*connection_string_, absl::Seconds(2));
    const std::string sql = absl::StrCat(
        "SELECT state, query, extract(epoch FROM clock_timestamp() - query_start)::float8, "
        "coalesce(query_start = xact_start, true) FROM pg_catalog.pg_stat_get_activity(",
        backend_.load(std::memory_order_relaxed), ")");
    const std::unique_ptr<PGresult, ClearResult> result(PQexec(connection->raw(), sql.c_str()));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) == 0 ||
        PQgetisnull(result.get(), 0, 0) != 0) {
      return "; the server does not tell its SQL statement";
    }
    const std::string_view state = PQgetvalue(result.get(), 0, 0);
    const std::string query = on_one_line(PQgetvalue(result.get(), 0, 1));
    const absl::Duration age = absl::Seconds(std::strtod(PQgetvalue(result.get(), 0, 2), nullptr));
    if (state == "active") {
      return absl::StrCat(", in ", is_own(query) ? "drydock's own" : "an", " SQL statement for ",
                          describe_duration(age), ": ", query);
    }
    // The last statement was the one that began the transaction, which is drydock's.
    if (*PQgetvalue(result.get(), 0, 3) == 't') return kNothingYet;
    return absl::StrCat(", between two SQL statements, the last of them",
                        is_own(query) ? ", drydock's own: " : ": ", query);
  }

  const std::shared_ptr<const std::string> connection_string_;
  std::atomic<int> backend_;
  const SourceLocation where_;
  std::atomic<bool> begun_;
  const SteadyClock::time_point since_ = SteadyClock::now();
};

TransactScope::TransactScope(Connection& connection, SourceLocation where, bool begun)
    : activity_(std::make_shared<TransactActivity>(connection.connection_string(),
                                                   connection.backend(), where, begun)),
      scope_(activity_) {}

void TransactScope::note_begun(const Connection& connection) {
  activity_->note_begun(connection.backend());
}

}  // namespace drydock::internal
