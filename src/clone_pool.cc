#include "src/clone_pool.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "src/owned_database.h"

namespace drydock::internal {
namespace {

// Clones that wait to be dropped, each of some megabytes: making new ones goes first up to here.
constexpr std::size_t kMostUsed = 16;

// The application's signals are the application's threads'.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

ClonePool::ClonePool(std::string server, std::string template_name, bool by_files, int ahead)
    : server_(std::move(server)),
      template_name_(std::move(template_name)),
      by_files_(by_files),
      ahead_(static_cast<std::size_t>(std::max(1, ahead))),
      process_(absl::StrCat(::getpid())) {}

ClonePool::~ClonePool() { end(); }

void ClonePool::start() {
  const MutexLock lock(mutex_);
  if (started_ || ended_) return;
  started_ = true;
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

absl::StatusOr<Clone> ClonePool::take() {
  start();
  const absl::Time began = absl::Now();
  const MutexLock lock(mutex_);
  ++usage_.taken;
  if (ready_.empty()) {
    ++usage_.waited;
    ++waiting_;
    changed_.notify_all();
    while (ready_.empty() && status_.ok() && !ended_) changed_.wait(mutex_);
    --waiting_;
    usage_.time_waited += absl::Now() - began;
  }
  if (ended_) return absl::FailedPreconditionError("the test database has been closed");
  if (ready_.empty()) return status_;
  Clone clone = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return clone;
}

void ClonePool::give_back(Clone clone) {
  const MutexLock lock(mutex_);
  used_.push_back(std::move(clone));
  changed_.notify_all();
  // After the end the test database is gone: so is whoever could drop it later.
  if (!ended_ || admin_ == nullptr) return;
  drop(used_.back());
  used_.pop_back();
}

CloneUsage ClonePool::usage() const {
  const MutexLock lock(mutex_);
  return usage_;
}

void ClonePool::end() {
  {
    const MutexLock lock(mutex_);
    if (ended_) return;
    ended_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  if (admin_ == nullptr) return;
  const MutexLock lock(mutex_);
  for (const Clone& clone : used_) drop(clone);
  for (const Clone& clone : ready_) drop(clone);
  used_.clear();
  ready_.clear();
}

void ClonePool::run() {
  if (const absl::Status status = open(); !status.ok()) {
    const MutexLock lock(mutex_);
    status_ = status;
    changed_.notify_all();
    return;
  }
  while (step()) {
  }
}

absl::Status ClonePool::open() {
  absl::StatusOr<AdminConnection> admin = AdminConnection::open(server_, "");
  if (!admin.ok()) return admin.status();
  admin_ = std::make_unique<AdminConnection>(*std::move(admin));
  return absl::OkStatus();
}

bool ClonePool::step() {
  Clone used;
  {
    const MutexLock lock(mutex_);
    const auto to_make = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return ready_.size() < ahead_ && status_.ok() &&
             (used_.size() < kMostUsed || (ready_.empty() && waiting_ > 0));
    };
    while (!ended_ && !to_make() && used_.empty()) changed_.wait(mutex_);
    if (ended_) return false;
    if (!to_make()) {
      used = std::move(used_.front());
      used_.pop_front();
    }
  }
  if (used.name.empty()) {
    make_one();
  } else {
    drop(used);
  }
  return true;
}

void ClonePool::make_one() {
  absl::StatusOr<std::string> name = claim_database_name(*admin_, process_);
  absl::Status status = name.status();
  if (status.ok()) status = create_database(*admin_, *name, template_name_, by_files_);
  const MutexLock lock(mutex_);
  if (status.ok()) {
    ready_.push_back({*name, admin_->uri_of(*name)});
  } else {
    status_ = absl::Status(status.code(),
                           absl::StrCat("Cannot copy the template database ", template_name_,
                                        " for a test: ", status.message()));
  }
  changed_.notify_all();
}

void ClonePool::drop(const Clone& clone) {
  wait_until_unused(*admin_, clone.name);
  drop_database(*admin_, clone.name).IgnoreError();
  release_database_name(*admin_, clone.name).IgnoreError();
}

}  // namespace drydock::internal
