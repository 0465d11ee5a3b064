// What went wrong after a commit: an `on_commit` hook threw, or an executor would not take a job
// that was submitted through `Transaction::submit`.
//
// The transaction is committed by then, so that nobody is left to catch it; the database hands it
// to the handler that it was given (`PoolOptions::on_hook_failure`, for one):
//
//   options.on_hook_failure = [](const drydock::HookFailure& failure) {
//     alerts.send(failure.message());
//   };
#ifndef DRYDOCK_HOOK_FAILURE_H_
#define DRYDOCK_HOOK_FAILURE_H_

#include <exception>
#include <string>

#include "drydock/source_location.h"

namespace drydock {

struct HookFailure {
  enum class Kind { kHook, kSubmit };

  Kind kind = Kind::kHook;
  std::string job_name = {};        // of a submit; empty for a hook
  SourceLocation where = {};        // of the on_commit() or submit()
  SourceLocation transaction = {};  // of the outermost transact
  std::exception_ptr error = {};    // never null

  // "drydock: the on_commit hook of signup.cc:41 threw after ...: what", one line.
  std::string message() const;
};

}  // namespace drydock

#endif  // DRYDOCK_HOOK_FAILURE_H_
