// The texts of what the engine notices about a job.
#ifndef DRYDOCK_SRC_RUNAWAY_H_
#define DRYDOCK_SRC_RUNAWAY_H_

#include <string>

#include "absl/status/status.h"
#include "drydock/job.h"

namespace drydock::internal {

// `ResourceExhausted`: which limit, the chain of submitters that repeats, and the job that would
// have been next. `is_inline`: of an inline executor, which no drain has started.
absl::Status runaway_status(const std::string& limit, const SubmittedJob& next, bool is_inline);

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
