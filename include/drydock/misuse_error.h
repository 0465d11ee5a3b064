// What the simulation throws at a test that drives it in a way that could only mislead.
//
// The message says what was called, where it went wrong and what to write instead.
#ifndef DRYDOCK_MISUSE_ERROR_H_
#define DRYDOCK_MISUSE_ERROR_H_

#include <stdexcept>

namespace drydock {

class MisuseError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace drydock

#endif  // DRYDOCK_MISUSE_ERROR_H_
