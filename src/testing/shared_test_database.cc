#include "src/testing/shared_test_database.h"

#include <utility>

namespace drydock::internal {

SharedTestDatabase& SharedTestDatabase::instance() {
  static SharedTestDatabase database;
  return database;
}

void SharedTestDatabase::set_options(TestDatabaseOptions options) {
  const MutexLock lock(mutex_);
  options_ = std::move(options);
  database_.reset();
}

absl::StatusOr<TestDatabase*> SharedTestDatabase::open() {
  const MutexLock lock(mutex_);
  if (!database_) database_.emplace(TestDatabase::open(options_));
  if (!database_->ok()) return database_->status();
  return &**database_;
}

void SharedTestDatabase::close() {
  const MutexLock lock(mutex_);
  database_.reset();
}

}  // namespace drydock::internal
