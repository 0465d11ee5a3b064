// The demonstration: the same application code, tested in the usual way and with drydock, on a real
// PostgreSQL. Every number is one of this run.
//
//   ./bazel/demo.sh
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <pqxx/pqxx>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/job_failure.h"
#include "drydock/pooled_database.h"
#include "drydock/sandbox.h"
#include "drydock/test_database.h"
#include "drydock/thread_pool_executor.h"
#include "examples/demo/naive_database.h"
#include "examples/demo/screen.h"
#include "examples/signup/mailer.h"
#include "examples/signup/signup_service.h"

namespace demo {
namespace {

using signup::SignupService;

constexpr int kNaiveTests = 200;
constexpr int kTests = 1000;

class CountingMailer : public signup::Mailer {
 public:
  void send(const signup::Mail&) override { ++sent_; }
  int sent() const { return sent_; }

 private:
  std::atomic<int> sent_{0};
};

std::string email(int test) { return "user" + std::to_string(test) + "@example.org"; }

template <class T>
T query(drydock::Database& database, const std::string& sql) {
  return database.transact(
      [&](drydock::Transaction& tx) { return tx->exec(sql).at(0).at(0).as<T>(); });
}

// --- 1: a thread pool, a transaction that is rolled back, and nobody who waits.

// The failures of a pool's jobs. Thread-safe.
class Failures {
 public:
  void add(const drydock::JobFailure& failure) {
    const std::lock_guard lock(mutex_);
    ++count_;
    // Alike but for the numbers in it.
    static const std::regex number("[0-9]+");
    Kind& kind = kinds_[std::regex_replace(drydock::describe(failure.error), number, "N")];
    if (kind.count++ == 0) kind.first = failure.to_string();
  }
  int count() const { return count_; }
  void print() const {
    if (kinds_.empty()) std::cout << "    nothing: all of them came in time\n";
    for (const auto& [pattern, kind] : kinds_) {
      std::cout << "    " << kind.count << " times, the first one:\n";
      quote("  " + kind.first);
    }
  }

 private:
  struct Kind {
    int count = 0;
    std::string first;
  };
  std::mutex mutex_;
  int count_ = 0;
  std::map<std::string, Kind> kinds_;
};

void run_naive_tests(const std::string& url, JobConnection jobs, Failures& failures) {
  NaiveDatabase database(url, jobs);
  CountingMailer mailer;
  drydock::ThreadPoolExecutor executor(
      {.threads = 2, .name = "pool", .on_failure = [&](const auto& failure) {
         failures.add(failure);
       }});
  // One for all tests, since a late job works on it.
  SignupService service(database, executor, mailer);
  for (int test = 0; test < kNaiveTests; ++test) {
    database.begin_test();
    service.register_user(email(test));
    if (query<int>(database, "SELECT count(*) FROM users") != 1) {
      std::cout << "  the test itself failed: it does not see its user\n";
    }
    database.end_test();
  }
  executor.shutdown();  // runs the jobs that are left: each failure is counted
}

void show_naive(const std::string& url) {
  heading("1. The usual way: a thread pool, a transaction that is rolled back, nobody waits");
  std::cout << "Each test registers a user, sees the new row and ends; its transaction is rolled\n"
               "back. The job that sends the confirmation runs on a thread of the pool.\n"
            << kNaiveTests << " tests each, how often the job failed while its test passed:\n\n";
  Failures shared;
  Failures own;
  run_naive_tests(url, JobConnection::kShared, shared);
  run_naive_tests(url, JobConnection::kOwn, own);
  const auto of_all = [](int count) {
    return std::to_string(count) + " of " + std::to_string(kNaiveTests);
  };
  bar("job on the test's connection", shared.count(), kNaiveTests, of_all(shared.count()));
  bar("job on a connection of its own", own.count(), kNaiveTests, of_all(own.count()));
  std::cout << "\n  What the jobs on the test's connection printed:\n";
  shared.print();
  std::cout << "  And those on a connection of their own:\n";
  own.print();
}

// --- 2: the same application with drydock.

struct Outcome {
  int wrong = 0;
  double median_us = 0;
};

// One test; true where everything is as in production.
template <class Executor>
bool run_test(drydock::TestDatabase& test_database, int test) {
  drydock::Sandbox sandbox(test_database);
  Executor executor(sandbox.simulation());
  CountingMailer mailer;
  SignupService service(sandbox.database(), executor, mailer);
  service.register_user(email(test));
  sandbox.simulation().drain();  // with an inline executor nothing is left to do
  const bool confirmed =
      query<int>(sandbox.database(), "SELECT count(confirmation_sent_at) FROM users") == 1;
  return confirmed && mailer.sent() == 1 && sandbox.finish().status().ok();
}

template <class Executor>
Outcome run_tests(drydock::TestDatabase& test_database) {
  using Clock = std::chrono::steady_clock;
  Outcome outcome;
  std::vector<double> times;
  for (int test = 0; test < kTests; ++test) {
    const Clock::time_point start = Clock::now();
    if (!run_test<Executor>(test_database, test)) ++outcome.wrong;
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + kTests / 2, times.end());
  outcome.median_us = times[kTests / 2];
  return outcome;
}

int show_drydock(drydock::TestDatabase& test_database) {
  heading("2. The same application with drydock: a sandbox for each test, and drain()");
  std::cout
      << "Each test registers a user, lets the job run, and checks that the mail was sent and\n"
         "the row says so: four transactions. "
      << kTests << " tests each, how many went wrong:\n\n";
  const Outcome deferred = run_tests<drydock::DeferredExecutor>(test_database);
  const Outcome at_once = run_tests<drydock::InlineExecutor>(test_database);
  const auto of_all = [](int count) {
    return std::to_string(count) + " of " + std::to_string(kTests);
  };
  bar("deferred executor", deferred.wrong, kTests, of_all(deferred.wrong));
  bar("inline executor", at_once.wrong, kTests, of_all(at_once.wrong));

  std::cout << "\n  The median time of a test, from the making of its sandbox to the rollback:\n\n";
  const double longest = std::max(deferred.median_us, at_once.median_us);
  const auto us = [](double time) { return std::to_string(std::lround(time)) + " us"; };
  bar("deferred executor", deferred.median_us, longest, us(deferred.median_us));
  bar("inline executor", at_once.median_us, longest, us(at_once.median_us));
  return deferred.wrong + at_once.wrong;
}

// --- 3: a bug, planted.

// Submits to the executor itself, while the transaction is open.
void register_user_too_early(drydock::Database& database, drydock::Executor& executor,
                             const std::string& email) {
  database.transact([&](drydock::Transaction& tx) {
    tx->exec_params("INSERT INTO users (email) VALUES ($1)", email);
    executor.submit({.name = "send_confirmation"}, [&database, email] {
      database.transact([&](drydock::Transaction& job) {
        job->exec_params("UPDATE users SET confirmation_sent_at = now() WHERE email = $1", email);
      });
    });
  });
}

bool show_planted_bug(drydock::TestDatabase& test_database) {
  heading("3. A bug that such tests hide: the job is submitted before the commit");
  std::cout
      << "In production the job may run before the row is there. In this test it does not, and\n"
         "every expectation holds. This is what drydock fails the test with:\n\n";
  drydock::Sandbox sandbox(test_database, {.name = "SignupTest.sends_a_confirmation"});
  drydock::DeferredExecutor executor(sandbox.simulation());
  register_user_too_early(sandbox.database(), executor, "ada@example.org");
  executor.drain();
  const drydock::SandboxReport report = sandbox.finish();
  std::ostringstream text;
  text << report;
  quote(text.str());
  return !report.status().ok();
}

int run() {
  drydock::TestDatabaseOptions options;
  options.schema_files = {"examples/signup/schema.sql"};
  auto test_database = drydock::TestDatabase::open(options);
  if (!test_database.ok()) {
    std::cerr << "demo: " << test_database.status().message() << "\n";
    return 1;
  }
  drydock::PooledDatabase outside(test_database->connection_string());
  std::cout << bold(
                   "A user registers; a background job reads the new row and sends a confirmation.")
            << "\nOn PostgreSQL " << query<std::string>(outside, "SHOW server_version")
            << "; all that follows has just been run.\n";

  show_naive(test_database->connection_string());
  const int wrong = show_drydock(*test_database);
  const bool found = show_planted_bug(*test_database);

  const int left = query<int>(outside, "SELECT count(*) FROM users");
  std::cout << "\nRows left in the database by all of these tests: " << left << ".\n";
  const bool as_promised = wrong == 0 && found && left == 0;
  std::cout << (as_promised ? good("drydock kept its promises.")
                            : bad("drydock did not keep its promises: please report this."))
            << std::endl;
  return as_promised ? 0 : 1;
}

}  // namespace
}  // namespace demo

int main() {
  try {
    return demo::run();
  } catch (const std::exception& error) {
    std::cerr << "demo: " << error.what() << "\n";
    return 1;
  }
}
