// The slow part of an import.
#ifndef EXAMPLES_SIGNUP_INVITATION_CODE_H_
#define EXAMPLES_SIGNUP_INVITATION_CODE_H_

#include <string>
#include <string_view>

namespace signup {

// Twelve letters that belong to this address: the same each time. Slow by intent (about 0.1 ms), so
// that codes cannot be tried out by the million.
std::string invitation_code(std::string_view email);

}  // namespace signup

#endif  // EXAMPLES_SIGNUP_INVITATION_CODE_H_
