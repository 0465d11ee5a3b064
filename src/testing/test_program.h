// What every program that links drydock's GoogleTest layer has: its flags, read before main(), and
// a listener that fails a test for what an earlier one has left.
#ifndef DRYDOCK_SRC_TESTING_TEST_PROGRAM_H_
#define DRYDOCK_SRC_TESTING_TEST_PROGRAM_H_

namespace drydock::internal {

// Adds both to GoogleTest; only the first call has an effect. Made before main() where the linker
// keeps this object file, and else by the first `SandboxTest`.
void set_up_test_program();

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_TEST_PROGRAM_H_
