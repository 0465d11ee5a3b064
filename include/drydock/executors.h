// The executors of a program by name, made from its configuration.
//
//   executors:                                            # executors.yaml
//     default: {kind: thread_pool, threads: 8, max_queued: 10000}
//     mail:    {kind: serial, on: default}
//
//   int main() {
//     absl::StatusOr<drydock::Executors> executors =
//         drydock::Executors::from_file("executors.yaml");
//     if (!executors.ok()) return fail(executors.status());       // file, line, column, what to do
//     Mailer mailer(executors->get("mail"));                      // services take an Executor&
//     ...
//   }
//
// Only `main` sees this class: services take the `Executor&` that they need. The environment
// variable DRYDOCK_EXECUTOR changes kinds without a change of the file, as in
// `DRYDOCK_EXECUTOR=mail=thread_pool`. For executors that are named in the code, for kinds of your
// own, and for those that only tests know, use an `ExecutorsBuilder`. docs/configuration.md tells
// all of it.
#ifndef DRYDOCK_EXECUTORS_H_
#define DRYDOCK_EXECUTORS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/executor.h"

namespace drydock {

// Owns its executors. They are made in the order of the file, each after the one that it stands on
// (`on`), and destroyed in reverse, so that an executor outlives those that stand on it. Jobs may
// submit to all of them for as long as they run.
class Executors {
 public:
  // Kinds: `thread_pool` with `threads` and `max_queued`, both optional (see ThreadPoolOptions),
  // and `serial` with `on`, the name of the executor that it stands on. Any error is
  // `InvalidArgument`, names line, column, the value and the valid choices; then nothing was
  // started.
  static absl::StatusOr<Executors> from_yaml(std::string_view text);
  static absl::StatusOr<Executors> from_file(const std::string& path);

  Executors(Executors&& other) noexcept = default;
  Executors& operator=(Executors&& other) noexcept;
  // Ends each executor as its own destructor does, the last one first, while the others are still
  // there: a thread pool runs what is queued; what a simulation has queued stays in it. Where jobs
  // of one executor submit to another, call `shutdown()` first, which runs those, too.
  ~Executors();

  // Lives as long as this object, also when that is moved. Throws `std::out_of_range` for an
  // unknown name; the message has the valid ones.
  Executor& get(std::string_view name) const;
  // In the order in which they were made.
  std::vector<std::string> names() const;
  // What it was made as, overrides included: "thread_pool". Throws as `get` does.
  const std::string& kind(std::string_view name) const;

  // Ends all executors together, within `timeout`. From now on they refuse jobs that come from
  // outside of any job, and delayed ones, and drop those that still wait for a delay. What is
  // queued runs, and so does what jobs submit in turn, to whichever of the executors; then
  // everything is refused. In a simulation it runs on this thread, which has to be the one that
  // made the simulation (`MisuseError` as from `drain()`); those executors do not refuse jobs, and
  // keep delayed ones.
  //
  // `DeadlineExceeded` lists the jobs that did not end in time; they go on, and another call, or
  // the destructor, goes on waiting for them. `FailedPrecondition`, before anything is refused,
  // from inside of a job of one of them. `Unimplemented`, when all others have ended, names
  // executors of a kind that cannot say when it is idle (see drydock/wait_idle.h).
  absl::Status shutdown(absl::Duration timeout);

 private:
  friend class ExecutorsBuilder;
  struct Named {
    std::string name;
    std::string kind;
    std::unique_ptr<Executor> executor;
  };

  Executors() = default;
  const Named& find(std::string_view name) const;
  std::size_t run_queued();
  void destroy();

  std::vector<Named> executors_;
};

}  // namespace drydock

#endif  // DRYDOCK_EXECUTORS_H_
