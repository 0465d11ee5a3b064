// The texts of what the engine notices about a job.
#ifndef DRYDOCK_SRC_RUNAWAY_H_
#define DRYDOCK_SRC_RUNAWAY_H_

#include <string>

#include "absl/status/status.h"
#include "drydock/job.h"

namespace drydock::internal {

// `ResourceExhausted`: which limit, the chain of submitters that repeats, and the job that would
// have been next.
absl::Status runaway_status(const std::string& limit, const SubmittedJob& next);

std::string context_leaked_message(const SubmittedJob& job, const char* slot);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_RUNAWAY_H_
