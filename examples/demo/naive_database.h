// A test database as suites write it for themselves, for the demonstration to run: one transaction
// for each test, rolled back at its end, and nothing that knows of background work.
#ifndef EXAMPLES_DEMO_NAIVE_DATABASE_H_
#define EXAMPLES_DEMO_NAIVE_DATABASE_H_

#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <thread>

#include "drydock/database.h"
#include "drydock/pooled_database.h"

namespace demo {

// Where a job's transaction goes that runs on another thread than the test.
enum class JobConnection {
  kShared,  // into the transaction of the test that is running when the job comes, if one is
  kOwn,     // to a connection of its own
};

// Thread-safe: a mutex keeps each transaction for itself.
class NaiveDatabase : public drydock::Database {
 public:
  NaiveDatabase(const std::string& url, JobConnection jobs)
      : jobs_(jobs), connection_(url), pool_(url) {}

  // Both on the thread of the tests.
  void begin_test();
  void end_test();

 protected:
  void do_transact(const drydock::TransactionOptions& options, drydock::SourceLocation where,
                   absl::FunctionRef<void(drydock::Transaction&)> body) override;

 private:
  const JobConnection jobs_;
  const std::thread::id test_thread_ = std::this_thread::get_id();
  std::mutex mutex_;
  pqxx::connection connection_;
  std::optional<pqxx::work> test_;  // guarded by mutex_
  drydock::PooledDatabase pool_;
};

}  // namespace demo

#endif  // EXAMPLES_DEMO_NAIVE_DATABASE_H_
