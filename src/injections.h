// The failures of commits that a test has asked for and that have not come yet.
#ifndef DRYDOCK_SRC_INJECTIONS_H_
#define DRYDOCK_SRC_INJECTIONS_H_

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "drydock/injected.h"
#include "drydock/source_location.h"
#include "src/mutex.h"

namespace drydock::internal {

// Thread-safe.
class Injections {
 public:
  // Throws `std::invalid_argument` for `times` below 1 or `skip` below 0.
  void add(Injected failure, InjectionOptions options, SourceLocation where);

  // What the commit of the transact at `where`, by the calling thread's job, is to fail with.
  std::optional<Injected> take(SourceLocation where);

  // Those that no commit has met, in words.
  std::vector<std::string> unused() const;

 private:
  struct Request {
    Injected failure;
    InjectionOptions options;
    SourceLocation where;
  };

  mutable Mutex mutex_;
  std::list<Request> requests_ ABSL_GUARDED_BY(mutex_);
};

// Throws what the transact at `where` gets where it is rolled back; returns for `kInDoubt`.
void throw_before_commit(Injected failure, SourceLocation where);
// Throws for `kInDoubt`.
void throw_after_commit(Injected failure, SourceLocation where);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_INJECTIONS_H_
