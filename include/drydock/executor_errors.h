// What `Executor::submit` throws when an executor that runs on real threads cannot take a job.
//
//   try {
//     executor.submit({.name = "resize"}, [] { ... });
//   } catch (const drydock::QueueFullError&) {
//     return HttpStatus::kServiceUnavailable;          // the caller may come back later
//   }
//
// Both name the executor, the refused job and the place of its submit, and say what to do. The
// refused job is destroyed unrun; nothing else changes.
#ifndef DRYDOCK_EXECUTOR_ERRORS_H_
#define DRYDOCK_EXECUTOR_ERRORS_H_

#include <stdexcept>

namespace drydock {

// As many jobs wait as the executor may keep. A condition of the moment: submit again later, or
// turn the request down.
class QueueFullError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The executor was shut down before the submit. A defect of the program: whoever submits should
// have been stopped first.
class ExecutorShutDownError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace drydock

#endif  // DRYDOCK_EXECUTOR_ERRORS_H_
