// What a sandbox throws at code that it cannot serve.
#ifndef DRYDOCK_SANDBOX_ERRORS_H_
#define DRYDOCK_SANDBOX_ERRORS_H_

#include <stdexcept>

#include "drydock/misuse_error.h"

namespace drydock {

// The sandbox has ended: a job came too late. The message names the job, its submit site and the
// test.
class SandboxClosedError : public MisuseError {
 public:
  using MisuseError::MisuseError;
};

// Another thread kept the sandbox's connection for longer than `SandboxOptions::lease_timeout`. The
// message names the holder and all who wait.
class LeaseTimeoutError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A transact would wait for ever for the sandbox's connection: the transaction that holds it waits
// for the job that asks. The message names each who waits, and for what.
class SandboxBlockedError : public MisuseError {
 public:
  using MisuseError::MisuseError;
};

// Application SQL ended the sandbox's outer transaction, so that nothing of what the test has
// written is left. The message names where.
class SandboxEscapedError : public MisuseError {
 public:
  using MisuseError::MisuseError;
};

}  // namespace drydock

#endif  // DRYDOCK_SANDBOX_ERRORS_H_
