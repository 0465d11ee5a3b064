// The one database of a test process.
#ifndef DRYDOCK_SRC_TESTING_SHARED_TEST_DATABASE_H_
#define DRYDOCK_SRC_TESTING_SHARED_TEST_DATABASE_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "drydock/test_database.h"
#include "src/mutex.h"

namespace drydock::internal {

// Opened at the first use, closed at the end of the process or by `close`. Thread-safe.
class SharedTestDatabase {
 public:
  static SharedTestDatabase& instance();

  // For the databases opened from now on.
  void set_options(TestDatabaseOptions options);
  // The database stays where it is until `close`. Where it has been lost (the server has died, a
  // test has killed the session that owns it and another process dropped it), it is made again
  // there; the local server is started again for that. A failure to do so is tried again for the
  // next test.
  absl::StatusOr<TestDatabase*> open();
  void close();

 private:
  absl::Status make_again_if_lost() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  TestDatabaseOptions options_ ABSL_GUARDED_BY(mutex_);
  // An error of the first time is kept too: it would be the same for the next test, and cost as
  // long again.
  std::optional<absl::StatusOr<TestDatabase>> database_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_SHARED_TEST_DATABASE_H_
