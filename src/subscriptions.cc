#include "src/subscriptions.h"

#include <atomic>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace drydock::internal {

struct Subscriptions::Entry {
  std::string channel;
  Executor& executor;
  NotificationHandler handler;
  SourceLocation where;
  std::atomic<bool> ended = false;
};

class Subscriptions::Handle final : public Subscription {
 public:
  Handle(std::weak_ptr<Subscriptions> owner, std::shared_ptr<Entry> entry)
      : owner_(std::move(owner)), entry_(std::move(entry)) {}
  ~Handle() override {
    entry_->ended = true;
    if (const std::shared_ptr<Subscriptions> owner = owner_.lock()) owner->remove(entry_);
  }

 private:
  const std::weak_ptr<Subscriptions> owner_;
  const std::shared_ptr<Entry> entry_;
};

std::unique_ptr<Subscription> Subscriptions::add(std::string channel, Executor& executor,
                                                 NotificationHandler handler,
                                                 SourceLocation where) {
  if (channel.empty() || !handler) {
    throw std::invalid_argument("drydock: listen() at " + where.to_string() +
                                (handler ? " names no channel. Give it the name that NOTIFY uses."
                                         : " has no handler. Give it a function to call."));
  }
  auto entry =
      std::shared_ptr<Entry>(new Entry{std::move(channel), executor, std::move(handler), where});
  const MutexLock lock(mutex_);
  entries_.push_back(entry);
  return std::make_unique<Handle>(weak_from_this(), std::move(entry));
}

void Subscriptions::remove(const std::shared_ptr<Entry>& entry) {
  const MutexLock lock(mutex_);
  entries_.remove(entry);
}

std::set<std::string> Subscriptions::channels() const {
  const MutexLock lock(mutex_);
  std::set<std::string> channels;
  for (const auto& entry : entries_) channels.insert(entry->channel);
  return channels;
}

void Subscriptions::deliver(const Notification& notification, const Refused& refused) {
  std::vector<std::shared_ptr<Entry>> listeners;
  {
    const MutexLock lock(mutex_);
    for (const auto& entry : entries_) {
      if (entry->channel == notification.channel) listeners.push_back(entry);
    }
  }
  for (const std::shared_ptr<Entry>& entry : listeners) {
    const std::string name = "notification on '" + entry->channel + "'";
    try {
      entry->executor.submit(
          {.name = name, .delay = {}},
          [entry, notification] {
            if (!entry->ended) entry->handler(notification);
          },
          entry->where);
    } catch (...) {
      refused(name, entry->where, std::current_exception());
    }
  }
}

}  // namespace drydock::internal
