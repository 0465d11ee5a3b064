// A defect of the code under test that drydock noticed, though no assertion asked for it.
//
// A finding fails the test that it was made in. Where the code means what it does, the test says so
// before it ends:
//
//   sandbox.allow(drydock::Finding::kSubmittedInTransaction);
//
// Without a sandbox it is `Simulation::allow`, and a finding that the test has looked at
// (`Simulation::findings`) does not fail it.
#ifndef DRYDOCK_FINDING_H_
#define DRYDOCK_FINDING_H_

#include <ostream>
#include <string>

#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock {

struct Finding {
  enum Kind {
    // A job was submitted while its submitter had a transaction open.
    kSubmittedInTransaction,
    // Application SQL tried to end the sandbox's outer transaction.
    kEscaped,
    // Jobs were pending when the sandbox ended.
    kUndrained,
    // A job used the database after the sandbox had closed.
    kLateAccess,
    // A drain reached one of its limits.
    kRunaway,
    // The second delivery of a job failed or changed what the first had left.
    kNotIdempotent,
    // A job left a context slot other than it found it, on whatever executor where the job was
    // submitted in a sandbox.
    kContextLeaked,
    // A thread waited for a job that only it could have run.
    kBlockedSubmit,
  };

  Kind kind;
  // What happened, where, and what to write instead; several lines.
  std::string message;
  // The job concerned; 0 where there is none.
  JobId job = {};
  // Where the job was submitted, or where else the finding points to.
  SourceLocation where = {};
};

// "kSubmittedInTransaction".
const char* to_string(Finding::Kind kind);
std::ostream& operator<<(std::ostream& out, Finding::Kind kind);
std::ostream& operator<<(std::ostream& out, const Finding& finding);

}  // namespace drydock

#endif  // DRYDOCK_FINDING_H_
