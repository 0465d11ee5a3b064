#include "src/clone_pool.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
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
constexpr char kUndefinedDatabase[] = "3D000";

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
  // What has failed for another test may work by now.
  status_ = absl::OkStatus();
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
  if (joined_) {
    drop(*makers_[clone.maker], clone);
    return;
  }
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
  drop_all(used_);
  drop_all(ready_);
  used_.clear();
  ready_.clear();
}

void ClonePool::run(Maker& maker) {
  while (step(maker)) {
  }
}

absl::Status ClonePool::connect(Maker& maker) {
  if (maker.admin != nullptr && maker.admin->healthy()) return absl::OkStatus();
  maker.admin.reset();
  absl::StatusOr<AdminConnection> admin = AdminConnection::open(server_, "");
  if (!admin.ok()) return admin.status();
  for (const std::string& name : maker.owned) {
    if (absl::Status claimed = claim_again(*admin, name); !claimed.ok()) return claimed;
  }
  maker.reconnected = !maker.owned.empty();
  maker.admin = std::make_unique<AdminConnection>(*std::move(admin));
  return absl::OkStatus();
}

bool ClonePool::owns_without_session(const Maker& maker) {
  return maker.admin != nullptr && !maker.owned.empty() && !maker.admin->healthy();
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
  bool lost = false;
  {
    const MutexLock lock(mutex_);
    discard_unowned(maker);
    while (!ended_ && !wants_another()) {
      used = take_used(maker);
      if (!used.name.empty()) break;
      lost = owns_without_session(maker);
      if (lost) break;
      changed_.wait(mutex_);
    }
    if (ended_) return false;
    if (used.name.empty() && !lost) ++in_the_making_;
  }
  if (lost) {
    connect(maker).IgnoreError();  // where it fails, it is tried again for the next clone
  } else if (used.name.empty()) {
    return make_one(maker);
  } else {
    drop(maker, used);
  }
  return true;
}

bool ClonePool::make_one(Maker& maker) {
  const absl::StatusOr<std::string> name = make(maker);
  const MutexLock lock(mutex_);
  --in_the_making_;
  changed_.notify_all();
  discard_unowned(maker);
  if (name.ok()) {
    ready_.push_back({*name, maker.admin->uri_of(*name), maker.number});
    return true;
  }
  // That the server has no connection for one more is no failure.
  if (maker.admin == nullptr && maker.owned.empty() && at_work_ > 1) {
    --at_work_;
    return false;
  }
  status_ = name.status();
  return true;
}

absl::StatusOr<std::string> ClonePool::make(Maker& maker) {
  std::string name;
  const absl::Status status =
      on_session(maker, [&](AdminConnection& admin) { return copy_template(maker, admin, name); });
  if (status.ok()) return name;
  if (maker.admin != nullptr && !name.empty()) {
    release_database_name(*maker.admin, name).IgnoreError();
  }
  maker.owned.erase(name);
  return status;
}

absl::Status ClonePool::copy_template(Maker& maker, AdminConnection& admin, std::string& name) {
  absl::Status status;
  if (name.empty()) {
    absl::StatusOr<std::string> claimed = claim_database_name(admin, process_);
    status = claimed.status();
    if (claimed.ok()) maker.owned.insert(name = *std::move(claimed));
  } else {
    // The last session may have died when it had made it.
    status = drop_database(admin, name);
  }
  if (status.ok()) status = create_database(admin, name, template_name_, by_files_);
  if (status.ok()) return status;
  const bool gone = sqlstate(status) == kUndefinedDatabase;
  return absl::Status(gone ? absl::StatusCode::kUnavailable : status.code(),
                      absl::StrCat("Cannot copy the template database ", template_name_,
                                   " for a test: ", status.message()));
}

absl::Status ClonePool::on_session(Maker& maker, Work work) {
  if (absl::Status connected = connect(maker); !connected.ok()) return connected;
  absl::Status status = work(*maker.admin);
  if (status.ok() || maker.admin->healthy()) return status;
  // Who kills sessions means others, and the test that wants a clone has not done it.
  if (absl::Status connected = connect(maker); !connected.ok()) return connected;
  return work(*maker.admin);
}

// While they had no owner, another process may have dropped them.
void ClonePool::discard_unowned(Maker& maker) {
  if (!std::exchange(maker.reconnected, false)) return;
  const auto unowned = std::stable_partition(ready_.begin(), ready_.end(), [&](const Clone& clone) {
    return clone.maker != maker.number;
  });
  std::move(unowned, ready_.end(), std::back_inserter(used_));
  ready_.erase(unowned, ready_.end());
}

bool ClonePool::drop(Maker& maker, const Clone& clone) {
  on_session(maker, [&](AdminConnection& admin) {
    wait_until_unused(admin, clone.name);
    return drop_database(admin, clone.name);
  }).IgnoreError();
  maker.owned.erase(clone.name);
  if (maker.admin == nullptr) return false;
  release_database_name(*maker.admin, clone.name).IgnoreError();
  return true;
}

// Where the server is gone, trying it again for each of them could take long. They have no owner
// then, and the next process drops them.
void ClonePool::drop_all(const std::deque<Clone>& clones) {
  for (const Clone& clone : clones) {
    if (!drop(*makers_[clone.maker], clone)) return;
  }
}

}  // namespace drydock::internal
