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
  if (absl::Status status = make_again_if_lost(); !status.ok()) return status;
  return &**database_;
}

absl::Status SharedTestDatabase::make_again_if_lost() {
  TestDatabase& database = **database_;
  if (database.alive()) return absl::OkStatus();
  absl::StatusOr<TestDatabase> again = TestDatabase::open(options_);
  if (!again.ok()) return again.status();
  database = *std::move(again);
  return absl::OkStatus();
}

void SharedTestDatabase::close() {
  const MutexLock lock(mutex_);
  database_.reset();
}

}  // namespace drydock::internal
