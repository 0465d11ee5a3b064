// What the tests of the simulation's executors share: jobs that write down that they ran, and the
// text of a misuse.
#ifndef DRYDOCK_TESTS_JOB_LOG_H_
#define DRYDOCK_TESTS_JOB_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "drydock/drain.h"
#include "drydock/job.h"
#include "drydock/misuse_error.h"

namespace drydock {

// Collects names, in the order in which jobs ran; for one thread.
class JobLog {
 public:
  Job add(std::string name) {
    return [this, name = std::move(name)] { names.push_back(name); };
  }
  std::vector<std::string> names;
};

inline std::vector<std::string> names_of(const std::vector<JobRun>& runs) {
  std::vector<std::string> names;
  for (const JobRun& run : runs) names.push_back(run.name);
  return names;
}

// What `call` is told.
template <class Call>
std::string misuse(Call&& call) {
  try {
    call();
  } catch (const MisuseError& e) {
    return e.what();
  }
  return "no MisuseError";
}

}  // namespace drydock

#endif  // DRYDOCK_TESTS_JOB_LOG_H_
