// Makes `Executors` from more than a file: executors that the code names itself, kinds of your own,
// kinds that only tests know.
//
//   drydock::ExecutorsBuilder builder;
//   builder.add("default", "thread_pool", {{"threads", 8}});
//   builder.add("mail", "serial", {{"on", "default"}});
//   absl::StatusOr<drydock::Executors> executors = builder.build();
//
// A kind of your own has a name, a factory, and the keys that it understands:
//
//   builder.register_kind("fibers", [](const drydock::ExecutorSettings& settings)
//       -> absl::StatusOr<std::unique_ptr<drydock::Executor>> {
//     const absl::StatusOr<int> stack = settings.integer("stack_kb", 64, 16);
//     if (!stack.ok()) return stack.status();
//     return std::make_unique<FiberExecutor>(*stack);
//   }, {"stack_kb"});
//   absl::StatusOr<drydock::Executors> executors = builder.from_file("executors.yaml");
//
// Where a file with `thread_pool` and `serial` is enough, use `Executors::from_file` itself.
// Nothing registers itself: a program knows the kinds that its `main` names. Those of tests,
// `inline` and `deferred`, come from drydock/simulated_kinds.h, which production code cannot link.
#ifndef DRYDOCK_EXECUTORS_BUILDER_H_
#define DRYDOCK_EXECUTORS_BUILDER_H_

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "drydock/executor.h"
#include "drydock/executors.h"
#include "drydock/source_location.h"

namespace drydock {

namespace internal {
struct ExecutorConfig;
struct ExecutorEntry;
}  // namespace internal

// One key of an executor with its value: {"threads", 8}, {"on", "default"}.
struct ExecutorOption {
  ExecutorOption(std::string option, std::string text)
      : key(std::move(option)), value(std::move(text)) {}
  ExecutorOption(std::string option, int number)
      : key(std::move(option)), value(std::to_string(number)) {}

  std::string key;
  std::string value;
};

// What the configuration says of one executor, for the factory of its kind. Valid during the call.
class ExecutorSettings {
 public:
  const std::string& name() const;
  // The executor that this one stands on. Only for kinds with the key `on`, which is then required;
  // and only for a factory, since a check comes before anything is made.
  Executor& base() const { return *base_; }

  // The value of `key`, or `otherwise` where the configuration has none; an error that names the
  // place where the value is no whole number from `least` to `most`.
  absl::StatusOr<int> integer(std::string_view key, int otherwise, int least = 0,
                              int most = std::numeric_limits<int>::max()) const;
  std::string text(std::string_view key, std::string otherwise = "") const;

 private:
  friend class ExecutorsBuilder;
  ExecutorSettings(const internal::ExecutorEntry& entry, Executor* base)
      : entry_(entry), base_(base) {}

  const internal::ExecutorEntry& entry_;
  Executor* base_;
};

using ExecutorFactory =
    std::function<absl::StatusOr<std::unique_ptr<Executor>>(const ExecutorSettings&)>;
using ExecutorCheck = std::function<absl::Status(const ExecutorSettings&)>;

// Not thread-safe; may build any number of times. What is wrong with an executor, a kind or an
// override is said by the function that builds, with its place; then nothing is made.
class ExecutorsBuilder {
 public:
  // Knows `thread_pool` and `serial`.
  ExecutorsBuilder();

  // Adds an executor to those of the file, or to none. `options`: what the file would say beside
  // `kind`.
  ExecutorsBuilder& add(std::string name, std::string kind,
                        std::vector<ExecutorOption> options = {},
                        SourceLocation where = SourceLocation::current());

  // `keys`: those that the kind has beside `kind`; with `on` among them it stands on another
  // executor. `check` looks at the settings of each executor of this kind before any is made, the
  // factory only afterwards; where a factory fails, what was made before is destroyed. Throws
  // `std::invalid_argument` for a kind that is known already.
  ExecutorsBuilder& register_kind(std::string kind, ExecutorFactory factory,
                                  std::vector<std::string> keys = {}, ExecutorCheck check = {});

  // Changes kinds, as the environment variable DRYDOCK_EXECUTOR does: "mail=serial,default=mine",
  // and "*=mine" for all that no other entry names. Keys that the new kind does not have are left
  // out, once they are right for the kind that they were written for. `use_kinds` is the program's
  // own choice, and the environment can change it again; what `override_kinds` is given goes before
  // the environment, as a flag of the command line does, and `origin` is what messages call it.
  ExecutorsBuilder& use_kinds(std::string kinds, SourceLocation where = SourceLocation::current());
  ExecutorsBuilder& override_kinds(std::string kinds, std::string origin);

  // Of what was added.
  absl::StatusOr<Executors> build() const;
  // As those of `Executors`, and what was added behind.
  absl::StatusOr<Executors> from_yaml(std::string_view text) const;
  absl::StatusOr<Executors> from_file(const std::string& path) const;

 private:
  struct Kind {
    ExecutorFactory factory;
    std::vector<std::string> keys;
    ExecutorCheck check;
  };
  struct Override {
    std::string kinds;
    std::string origin;
  };
  struct Added {
    std::string name;
    std::string kind;
    std::vector<ExecutorOption> options;
    std::string place;
  };

  absl::StatusOr<Executors> complete(internal::ExecutorConfig config) const;
  absl::Status apply_overrides(internal::ExecutorConfig& config) const;
  absl::Status check(const internal::ExecutorConfig& config,
                     const internal::ExecutorEntry& entry) const;
  absl::Status make(const internal::ExecutorEntry& entry, Executors& executors) const;

  std::map<std::string, Kind, std::less<>> kinds_;
  std::vector<Added> added_;
  std::vector<Override> before_environment_;
  std::vector<Override> after_environment_;
};

}  // namespace drydock

#endif  // DRYDOCK_EXECUTORS_BUILDER_H_
