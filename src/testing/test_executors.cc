#include "drydock/testing/test_executors.h"

#include "drydock/misuse_error.h"
#include "drydock/simulated_kinds.h"

namespace drydock {

absl::StatusOr<Executors> make_test_executors(Simulation& simulation,
                                              const TestExecutorsOptions& options,
                                              SourceLocation where) {
  if (!options.file.empty() && !options.yaml.empty()) {
    throw MisuseError("drydock: TestExecutorsOptions at " + where.to_string() +
                      " has both a `file` ('" + options.file +
                      "') and a `yaml` text. Give it one of them; `prepare` can add executors.");
  }
  ExecutorsBuilder builder;
  register_simulated_kinds(builder, simulation);
  if (options.prepare) options.prepare(builder);
  builder.use_kinds("*=deferred", where);
  builder.use_kinds(options.kinds, where);
  if (!options.file.empty()) return builder.from_file(options.file);
  if (!options.yaml.empty()) return builder.from_yaml(options.yaml);
  return builder.build();
}

}  // namespace drydock
