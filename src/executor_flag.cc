#include "drydock/executor_flag.h"

#include "absl/flags/flag.h"

ABSL_FLAG(std::string, drydock_executor, "",
          "kinds of executors other than the configured ones, as in "
          "mail=thread_pool,default=serial; goes before the environment variable DRYDOCK_EXECUTOR");

namespace drydock {

ExecutorsBuilder& apply_executor_flag(ExecutorsBuilder& builder) {
  return builder.override_kinds(absl::GetFlag(FLAGS_drydock_executor), "--drydock_executor");
}

}  // namespace drydock
