// Who waits for whom, in the whole process: finds a wait that can never end when it begins, so that
// it is an error with all of its threads named, and not a hang.
//
// A thread that is about to sleep until other threads have done something says what:
//
//   WaitScope scope(wait);                 // visible to all from here on
//   const std::string ring = scope.blocked();
//   if (!ring.empty()) return error(ring);
//   ... sleep ...
//
// A wait is blocked if it could not end though every thread that does not wait did all it can. A
// ring of such waits closes when the last of them begins, and it is that one that sees it.
//
// Most deadlines are there so that a fault ends some time, and do not count. That of a wait for a
// connection in production does: a program may live on it.
//
// The list of waits and that of the sources (`SourceRegistration`) are the two lists of the
// process: a lease of one sandbox, the idleness of two pools and a third one's strand can make one
// ring, and none of them knows the others.
#ifndef DRYDOCK_SRC_WAITS_H_
#define DRYDOCK_SRC_WAITS_H_

#include <cstddef>
#include <string>
#include <thread>

#include "absl/functional/function_ref.h"
#include "src/deadline.h"
#include "src/idle_source.h"

namespace drydock::internal {

class Wait {
 public:
  Wait();
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  // Whether it could end though the threads in `stuck` never go on. Called on any thread, which
  // holds no lock of a source or of those who wait.
  virtual bool may_end(const StuckThreads& stuck) const = 0;
  // "until executor 'mail' is idle".
  virtual std::string what() const = 0;
  // When it gives up.
  virtual SteadyTime deadline() const = 0;
  // Whether programs may live on that. Then a wait is blocked only where nobody whom it waits for
  // gives up before it does.
  virtual bool deadline_counts() const { return false; }

  std::thread::id thread() const { return thread_; }
  // The job that waits, for messages.
  const std::string& who() const { return who_; }

 protected:
  ~Wait() = default;

 private:
  const std::thread::id thread_;
  const std::string who_;
};

// `wait`, of the calling thread, can be seen for as long as this lives and it is not blocked.
class WaitScope {
 public:
  explicit WaitScope(const Wait& wait);
  WaitScope(const WaitScope&) = delete;
  WaitScope& operator=(const WaitScope&) = delete;
  ~WaitScope();

  // Whether the wait can never end. Each wait of the ring as a line, this one first; "" where it
  // may end:
  //
  //   "\n  job 'a' (#1, submitted at a.cc:1) waits until executor 'b' is idle"
  //
  // A blocked wait can be seen no longer: it is to be refused, after which the others of its ring
  // may end, and none of them shall be refused as well. One that goes on all the same has to ask
  // again before it sleeps.
  std::string blocked();

  // How many threads wait now. For tests that have to begin after another thread waits.
  static std::size_t waiting();

 private:
  const Wait& wait_;
  bool listed_ = true;  // by the thread that waits
};

// Makes a source known to `visit_sources`; the last member of a source, so that it is known for
// only as long as it is whole.
class SourceRegistration {
 public:
  explicit SourceRegistration(IdleSource& source);
  SourceRegistration(const SourceRegistration&) = delete;
  SourceRegistration& operator=(const SourceRegistration&) = delete;
  ~SourceRegistration();

 private:
  IdleSource& source_;
};

// Calls `visit` with each source that there is; none ends meanwhile.
void visit_sources(absl::FunctionRef<void(IdleSource&)> visit);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_WAITS_H_
