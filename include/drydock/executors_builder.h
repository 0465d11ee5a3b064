// Makes `Executors` that know more kinds than those of production.
//
//   drydock::ExecutorsBuilder builder;
//   builder.register_kind("fibers", [](const drydock::ExecutorSettings& settings)
//       -> absl::StatusOr<std::unique_ptr<drydock::Executor>> {
//     const absl::StatusOr<int> stack = settings.integer("stack_kb", 64, 16);
//     if (!stack.ok()) return stack.status();
//     return std::make_unique<FiberExecutor>(*stack);
//   }, {"stack_kb"});
//   absl::StatusOr<drydock::Executors> executors = builder.from_file("executors.yaml");
//
// Where `thread_pool` and `serial` are enough, use `Executors::from_file` itself. Nothing registers
// itself: a binary knows the kinds that its `main` names.
#ifndef DRYDOCK_EXECUTORS_BUILDER_H_
#define DRYDOCK_EXECUTORS_BUILDER_H_

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "drydock/executor.h"
#include "drydock/executors.h"

namespace drydock {

namespace internal {
struct ExecutorConfig;
struct ExecutorEntry;
}  // namespace internal

// What the configuration says of one executor, for the factory of its kind. Valid during the call.
class ExecutorSettings {
 public:
  const std::string& name() const;
  // The executor that this one stands on. Only for kinds with the key `on`, which is then required.
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

// Not thread-safe; may build any number of times.
class ExecutorsBuilder {
 public:
  // Knows `thread_pool` and `serial`.
  ExecutorsBuilder();

  // `keys`: those that the kind has beside `kind`; with `on` among them it stands on another
  // executor. The factory is called when all that can be checked without it is right; where it
  // fails, what was made before is destroyed. Throws `std::invalid_argument` for a kind that is
  // known already.
  ExecutorsBuilder& register_kind(std::string kind, ExecutorFactory factory,
                                  std::vector<std::string> keys = {});

  // Changes kinds as the environment variable DRYDOCK_EXECUTOR does ("mail=serial,default=mine"),
  // and after it. `origin` is what messages call the text. Keys that the new kind does not have
  // are left out.
  ExecutorsBuilder& override_kinds(std::string overrides, std::string origin);

  // As those of `Executors`.
  absl::StatusOr<Executors> from_yaml(std::string_view text) const;
  absl::StatusOr<Executors> from_file(const std::string& path) const;

 private:
  struct Kind {
    ExecutorFactory factory;
    std::vector<std::string> keys;
    // Looks at the settings before anything is made; may be empty.
    std::function<absl::Status(const ExecutorSettings&)> check = {};
  };
  struct Override {
    std::string text;
    std::string origin;
  };

  absl::StatusOr<Executors> build(internal::ExecutorConfig config) const;
  absl::Status apply_overrides(internal::ExecutorConfig& config) const;
  absl::Status check(const internal::ExecutorConfig& config) const;

  std::map<std::string, Kind, std::less<>> kinds_;
  std::vector<Override> overrides_;
};

}  // namespace drydock

#endif  // DRYDOCK_EXECUTORS_BUILDER_H_
