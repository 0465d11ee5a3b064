// What happened in a simulation, in one order: the jobs of its executors, whichever thread submits
// or runs them, its drains and its clock, its findings, and the transactions of its sandbox.
//
//   Journal& journal = sandbox.simulation().journal();
//   EXPECT_EQ(journal.wait_for(drydock::finished("fsm"), absl::Seconds(5)), absl::OkStatus());
//   for (const Event& event : journal.events()) std::cout << event << "\n";
//
// Jobs that the test of a sandbox submits to a thread pool, an adapter, or a strand on an adapter
// stand in it too, so that a test can wait for real threads. Those of a class of your own do not,
// unless it forwards them to one of these.
//
// Always on. Where a test asks whether a job ran, prefer the `DrainReport`; the journal is for what
// happened between jobs, transactions and threads.
#ifndef DRYDOCK_JOURNAL_H_
#define DRYDOCK_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock {
namespace internal {
class JournalStore;
}

struct Event {
  enum Kind {
    kSubmitted,
    kStarted,
    kFinished,
    kFailed,
    // Taken back before it ran: by `cancel()`, or unrun at the end of an executor outside of the
    // simulation, or refused by it. A recurring job may be cancelled while it runs: then before the
    // end of that run.
    kCancelled,
    // A transactional submit or hook that its transaction's rollback took with it.
    kDropped,
    kDrainStarted,
    kDrainEnded,
    kClockAdvanced,
    kTransactionBegan,
    kTransactionCommitted,
    kTransactionRolledBack,
    kHookFailed,
    kFindingMade,
  };

  Kind kind;
  // The simulated time.
  absl::Time at;
  // The job concerned, and the one that submitted it; 0 where there is none.
  JobId job = {};
  JobId parent = {};
  // The name of the job or executor, or what else the event is about.
  std::string name = {};
  // Where the job was submitted or the transaction was opened.
  SourceLocation where = {};
  // With `SimulationOptions::real_times`: the real time since the first event, and the number of
  // the thread that it happened on, from 1 on in the order of their first events. Else zero.
  absl::Duration real_time = {};
  int thread = 0;
  // Of a job that no executor of the simulation runs: the name of the one that does. `job` is the
  // id that it has there, and `parent` is 0. Else empty.
  std::string executor = {};
};

// What to look for: a kind, and a name unless it is empty.
struct EventPattern {
  Event::Kind kind;
  std::string name = {};
};

EventPattern submitted(std::string name);
EventPattern started(std::string name);
EventPattern finished(std::string name);
EventPattern failed(std::string name);
EventPattern dropped(std::string name);

// Thread-safe.
class Journal {
 public:
  explicit Journal(internal::JournalStore& store) : store_(store) {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Everything so far, oldest first. Of more than four million events the latest; `forgotten()`
  // says how many older ones are gone.
  std::vector<Event> events() const;
  std::size_t forgotten() const;

  // From now on events have their `real_time` and `thread`.
  void keep_real_times();

  // How many events match.
  std::size_t count(const EventPattern& pattern) const;

  // OK if events of both kinds have happened and the first `earlier` came before the first `later`;
  // else `FailedPrecondition`, with the events in question. For jobs that may run in any order.
  absl::Status happened_before(const EventPattern& earlier, const EventPattern& later) const;

  // Waits until an event has matched, at any time since the simulation began, and returns OK; or
  // `DeadlineExceeded`, with the events of that kind that did happen, when `timeout` has passed.
  // Wakes by the event, without polling. Where only the calling thread could run the job that is
  // waited for, or one that waits for the calling thread in turn, it would wait in vain: returns
  // `FailedPrecondition` at once, and makes a finding (`Finding::kBlockedSubmit`).
  absl::Status wait_for(const EventPattern& pattern, absl::Duration timeout) const;

 private:
  std::string describe_missing(const EventPattern& pattern, absl::Duration timeout) const;

  internal::JournalStore& store_;
};

// "finished".
const char* to_string(Event::Kind kind);
std::ostream& operator<<(std::ostream& out, const Event& event);

}  // namespace drydock

#endif  // DRYDOCK_JOURNAL_H_
