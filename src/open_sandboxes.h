// Which sandboxes hold locks in a database, for the message of one that waits for them in vain.
#ifndef DRYDOCK_SRC_OPEN_SANDBOXES_H_
#define DRYDOCK_SRC_OPEN_SANDBOXES_H_

#include <list>
#include <string>
#include <utility>

#include "drydock/source_location.h"
#include "src/mutex.h"

namespace drydock::internal {

// Thread-safe.
class OpenSandboxes {
 private:
  struct Entry {
    const std::string who;
    SourceLocation last_transact;
  };

 public:
  OpenSandboxes() = default;
  OpenSandboxes(const OpenSandboxes&) = delete;
  OpenSandboxes& operator=(const OpenSandboxes&) = delete;

  // One sandbox's, for as long as its outer transaction may be open.
  class Place {
   public:
    // `who`: "the sandbox of the test 'Suite.name'".
    Place(OpenSandboxes& all, std::string who) : all_(all), own_(all.add(std::move(who))) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      const MutexLock lock(all_.mutex_);
      all_.entries_.erase(own_);
    }

    void note_transact(SourceLocation where) {
      const MutexLock lock(all_.mutex_);
      own_->last_transact = where;
    }

    // One indented line for each other one, with a line feed before it.
    std::string describe_others() const {
      const MutexLock lock(all_.mutex_);
      std::string text;
      for (const Entry& entry : all_.entries_) {
        if (&entry == &*own_) continue;
        text += "\n  Open beside it: " + entry.who + ", whose last transact was at " +
                entry.last_transact.to_string() + ".";
      }
      return text;
    }

   private:
    OpenSandboxes& all_;
    const std::list<Entry>::iterator own_;
  };

 private:
  std::list<Entry>::iterator add(std::string who) {
    const MutexLock lock(mutex_);
    return entries_.insert(entries_.end(), {std::move(who), {}});
  }

  mutable Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_OPEN_SANDBOXES_H_
