// --drydock_executor=mail=thread_pool,default=serial on the command line of a program that parses
// its flags with Abseil.
//
//   int main(int argc, char** argv) {
//     absl::ParseCommandLine(argc, argv);
//     drydock::ExecutorsBuilder builder;
//     drydock::apply_executor_flag(builder);
//     auto executors = builder.from_file("executors.yaml");
//
// A target of its own, so that only programs which ask for it have the flag. Where the environment
// variable DRYDOCK_EXECUTOR is enough, nothing of this is needed.
#ifndef DRYDOCK_EXECUTOR_FLAG_H_
#define DRYDOCK_EXECUTOR_FLAG_H_

#include <string>

#include "absl/flags/declare.h"
#include "drydock/executors_builder.h"

ABSL_DECLARE_FLAG(std::string, drydock_executor);

namespace drydock {

// Hands what the flag says to `builder`, where it goes before DRYDOCK_EXECUTOR. Call it once, when
// the flags are parsed.
ExecutorsBuilder& apply_executor_flag(ExecutorsBuilder& builder);

}  // namespace drydock

#endif  // DRYDOCK_EXECUTOR_FLAG_H_
