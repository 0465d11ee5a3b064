#include "src/clone_pool.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "src/owned_database.h"
#include "src/start_thread.h"

namespace drydock::internal {
namespace {

// Clones that wait to be dropped, each of some megabytes: making new ones goes first up to here.
constexpr std::size_t kMostUsed = 16;
// Ready before any test has asked, or together with the first: most processes want few.
constexpr std::size_t kFirstStock = 3;
// Makers that fill the first stock while `wait_until_ready` waits.
constexpr std::size_t kFirstMakers = 2;
// More of them would want more of the server's connections, and of the processors that tests use.
constexpr std::size_t kMostMakers = 4;

}  // namespace

ClonePool::ClonePool(std::string server, std::string template_name, bool by_files, int ahead)
    : server_(std::move(server)),
      template_name_(std::move(template_name)),
      by_files_(by_files),
      ahead_(static_cast<std::size_t>(std::max(1, ahead))),
      process_(absl::StrCat(::getpid())),
      // The two more: a maker waits for the server for a good part of its time.
      most_makers_(std::min<std::size_t>(std::thread::hardware_concurrency() + 2, kMostMakers)) {}

ClonePool::~ClonePool() { end(); }

void ClonePool::start() {
  const MutexLock lock(mutex_);
  if (makers_.empty() && !ended_) add_maker();
}

void ClonePool::add_maker() {
  try {
    start_maker();
  } catch (const std::system_error& error) {
    // Where there is one already, it does without.
    if (!makers_.empty()) return;
    status_ = absl::ResourceExhaustedError(
        absl::StrCat("Cannot start a thread that copies the template database for tests: ",
                     error.code().message()));
  }
}

void ClonePool::wait_until_ready() {
  start();
  const MutexLock lock(mutex_);
  if (makers_.size() < std::min(kFirstMakers, stock()) && !ended_) add_maker();
  while (ready_.size() < stock() && status_.ok() && !ended_) changed_.wait(mutex_);
}

void ClonePool::start_maker() {
  makers_.reserve(makers_.size() + 1);
  auto maker = std::make_unique<Maker>();
  maker->number = makers_.size();
  maker->thread = start_thread_without_signals("copies of the template database",
                                               [this, &self = *maker] { run(self); });
  ++at_work_;
  makers_.push_back(std::move(maker));
}

absl::StatusOr<Clone> ClonePool::take() {
  start();
  const absl::Time began = absl::Now();
  const MutexLock lock(mutex_);
  ++usage_.taken;
  if (ready_.empty() && !ended_) {
    ++usage_.waited;
    if (makers_.size() < most_makers_) add_maker();
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
  if (ready_.empty() && makers_.size() < std::min(most_makers_, ahead_)) add_maker();
  changed_.notify_all();
  return clone;
}

void ClonePool::give_back(Clone clone) {
  const MutexLock lock(mutex_);
  // After the end there is nobody else to do it.
  if (joined_) return drop(*makers_[clone.maker], clone);
  used_.push_back(std::move(clone));
  changed_.notify_all();
}

CloneUsage ClonePool::usage() const {
  const MutexLock lock(mutex_);
  return usage_;
}

void ClonePool::end() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    if (ended_) return;
    ended_ = true;
    for (const std::unique_ptr<Maker>& maker : makers_) threads.push_back(std::move(maker->thread));
    changed_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
  const MutexLock lock(mutex_);
  joined_ = true;
  for (const Clone& clone : used_) drop(*makers_[clone.maker], clone);
  for (const Clone& clone : ready_) drop(*makers_[clone.maker], clone);
  used_.clear();
  ready_.clear();
}

void ClonePool::run(Maker& maker) {
  if (const absl::Status status = open(maker); !status.ok()) {
    const MutexLock lock(mutex_);
    // That the server has no connection for one more is no failure.
    if (--at_work_ > 0) return;
    status_ = status;
    changed_.notify_all();
    return;
  }
  while (step(maker)) {
  }
}

absl::Status ClonePool::open(Maker& maker) {
  absl::StatusOr<AdminConnection> admin = AdminConnection::open(server_, "");
  if (!admin.ok()) return admin.status();
  maker.admin = std::make_unique<AdminConnection>(*std::move(admin));
  return absl::OkStatus();
}

std::size_t ClonePool::stock() const {
  return std::min(ahead_, std::max(kFirstStock, 2 * static_cast<std::size_t>(usage_.taken)));
}

bool ClonePool::wants_another() const {
  return status_.ok() && ready_.size() + in_the_making_ < std::max(stock(), waiting_) &&
         (used_.size() < kMostUsed || ready_.size() < waiting_);
}

Clone ClonePool::take_used(const Maker& maker) {
  const auto found = std::find_if(used_.begin(), used_.end(),
                                  [&](const Clone& clone) { return clone.maker == maker.number; });
  if (found == used_.end()) return {};
  Clone clone = std::move(*found);
  used_.erase(found);
  return clone;
}

bool ClonePool::step(Maker& maker) {
  Clone used;
  {
    const MutexLock lock(mutex_);
    while (!ended_ && !wants_another()) {
      used = take_used(maker);
      if (!used.name.empty()) break;
      changed_.wait(mutex_);
    }
    if (ended_) return false;
    if (used.name.empty()) ++in_the_making_;
  }
  if (used.name.empty()) {
    make_one(maker);
  } else {
    drop(maker, used);
  }
  return true;
}

void ClonePool::make_one(Maker& maker) {
  absl::StatusOr<std::string> name = claim_database_name(*maker.admin, process_);
  absl::Status status = name.status();
  if (status.ok()) status = create_database(*maker.admin, *name, template_name_, by_files_);
  const MutexLock lock(mutex_);
  --in_the_making_;
  if (status.ok()) {
    ready_.push_back({*name, maker.admin->uri_of(*name), maker.number});
  } else {
    status_ = absl::Status(status.code(),
                           absl::StrCat("Cannot copy the template database ", template_name_,
                                        " for a test: ", status.message()));
  }
  changed_.notify_all();
}

void ClonePool::drop(Maker& maker, const Clone& clone) {
  wait_until_unused(*maker.admin, clone.name);
  drop_database(*maker.admin, clone.name).IgnoreError();
  release_database_name(*maker.admin, clone.name).IgnoreError();
}

}  // namespace drydock::internal
