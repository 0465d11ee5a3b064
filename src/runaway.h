// The texts of what the engine notices about a job.
#ifndef DRYDOCK_SRC_RUNAWAY_H_
#define DRYDOCK_SRC_RUNAWAY_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/job.h"

namespace drydock::internal {

// Who stopped: a drain, one that moves the clock until all is idle, or an inline executor, which no
// drain has started.
enum class Runaway { kDrain, kUntilIdle, kInline };

// `ResourceExhausted`: which limit, the chain of submitters that repeats, and the job that would
// have been next.
absl::Status runaway_status(const std::string& limit, const SubmittedJob& next, Runaway of);

// The same where a recurring job came too often. `goal`: one of the two below.
absl::Status recurring_status(std::size_t limit, const SubmittedJob& next, absl::Duration period,
                              const std::string& goal);
std::string on_the_way_to(const SubmittedJob& job, absl::Duration due_in);
std::string behind_the_clock(absl::Duration late);

std::string context_leaked_message(const SubmittedJob& job, const char* slot);

// `what` the run of that number did, to stand after it: " failed: …".
std::string not_idempotent_message(const SubmittedJob& job, int run, const std::string& what);

// `event`: what is waited for, "finished".
std::string blocked_message(const SubmittedJob& job, const std::string& event);
// The same where it is run by a thread that waits for the calling one.
std::string ring_message(const SubmittedJob& job, const std::string& event,
                         const std::string& ring);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUNAWAY_H_
